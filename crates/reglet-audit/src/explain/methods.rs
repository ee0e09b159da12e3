//! Parses the methods that the command line names.

use reglet_attribution::{Baseline, Method};
use serde_json::json;

use crate::{Error, ExplainOptions};

/// The requested methods, each listed once with the parameters that the command line gives it.
pub(super) fn methods(options: &ExplainOptions) -> Result<Vec<Method>, Error> {
    let mut methods: Vec<Method> =
        options.methods.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
    if methods.is_empty() {
        return Err(Error::Usage(format!("no method is named; there are {}", Method::names().join(", "))));
    }
    let baseline = options.baseline.as_deref().map(str::parse::<Baseline>).transpose()?;
    for (key, value) in [
        ("baseline", baseline.map(|baseline| json!(baseline))),
        ("steps", options.steps.map(|steps| json!(steps))),
        ("layer", options.layer.as_ref().map(|layer| json!(layer))),
    ] {
        let Some(value) = value else { continue };
        let mut taken = false;
        for method in &mut methods {
            if method.has(key) {
                (*method, taken) = (method.with(key, value.clone())?, true);
            }
        }
        if !taken {
            let asked = options.methods.join(", ");
            return Err(Error::Usage(format!(
                "--{key}: none of the selected methods has this parameter ({asked})"
            )));
        }
    }
    for setting in &options.set {
        set(&mut methods, setting)?;
    }
    let mut distinct: Vec<Method> = Vec::new();
    for method in methods {
        method.get().check()?;
        match distinct.iter().find(|other| other.name() == method.name()) {
            None => distinct.push(method),
            Some(other) if *other == method => {}
            Some(_) => {
                let name = method.name();
                return Err(Error::Usage(format!(
                    "the label {name} is given to two methods; choose another"
                )));
            }
        }
    }
    Ok(distinct)
}

/// Applies one `METHOD.PARAMETER=VALUE`.
pub(crate) fn set(methods: &mut [Method], setting: &str) -> Result<(), Error> {
    let fault = |what: String| Error::Usage(format!("--set {setting}: {what}"));
    let form = || fault("write METHOD.PARAMETER=VALUE, such as integrated_gradients.steps=100".to_owned());
    let (key, value) = setting.split_once('=').ok_or_else(form)?;
    let (name, key) = key.trim().split_once('.').ok_or_else(form)?;
    // A label stands as it is written; of a method's own name, other spellings are accepted.
    let place = methods.iter().position(|method| method.name() == name);
    let place = match place {
        Some(place) => Some(place),
        None => {
            let named = Method::named(name)?;
            methods.iter().position(|method| method.name() == named.name())
        }
    };
    let Some(place) = place else { return Err(fault(format!("{name} is not among the selected methods"))) };
    let document: Result<toml::Table, _> = toml::from_str(&format!("value = {value}"));
    let value = document.map_or_else(|_| json!(value), |document| json!(document["value"]));
    methods[place] = methods[place].with(key, value).map_err(|error| fault(error.to_string()))?;
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use reglet_attribution::{IntegratedGradients, Saliency};
    use serde_json::Value;

    use super::*;

    /// A command line that names these methods and is otherwise minimal.
    pub(crate) fn options(methods: &[&str]) -> ExplainOptions {
        ExplainOptions {
            methods: methods.iter().map(|name| (*name).to_owned()).collect(),
            ..ExplainOptions::default()
        }
    }

    #[test]
    fn words_reach_the_methods_that_have_the_parameter() {
        let words = ExplainOptions { steps: Some(7), ..options(&["saliency", "ig"]) };
        let found = methods(&words).expect("sound");
        let steps =
            found.get(1).and_then(|method| method.downcast()).map(|ig: &IntegratedGradients| ig.steps);
        assert!(found.len() == 2 && found[0].is::<Saliency>() && steps == Some(7), "{found:?}");
        let words = ExplainOptions { steps: Some(7), ..options(&["saliency"]) };
        assert!(methods(&words).expect_err("no steps").to_string().contains("--steps"));

        let set = vec!["ig.baseline=black".to_owned(), "grad-cam.upsampling=nearest".to_owned()];
        let found = methods(&ExplainOptions { set, ..options(&["ig", "grad_cam"]) }).expect("sound");
        let expected = "{\"name\":\"grad_cam\",\"layer\":null,\"upsampling\":\"nearest\"}";
        assert_eq!(json!(found[1]), serde_json::from_str::<Value>(expected).expect("JSON"));
        for (fault, part) in [
            ("ig.step=1", "it has: baseline, quadrature, steps, tolerance"),
            ("ig=1", "METHOD.PARAMETER"),
            ("grad_cam.layer=x", "not among"),
            ("ig.steps=many", "invalid type"),
            ("ig.steps=0", "1 to 100000"),
        ] {
            let words = ExplainOptions { set: vec![fault.to_owned()], ..options(&["ig"]) };
            let message = methods(&words).expect_err(fault).to_string();
            assert!(message.contains(part), "{message}");
        }
    }
    #[test]
    fn the_same_method_stands_beside_itself_by_labels() {
        let set = vec!["fine.steps=100".to_owned(), "coarse.steps=5".to_owned()];
        let words = ExplainOptions { set, ..options(&["fine=ig", "coarse=ig", "ig"]) };
        let found = methods(&words).expect("sound");
        let known: Vec<(&str, usize)> = found
            .iter()
            .filter_map(|method| Some((method.name(), method.downcast::<IntegratedGradients>()?.steps)))
            .collect();
        assert_eq!(known, [("fine", 100), ("coarse", 5), ("integrated_gradients", 50)]);
        for (asked, part) in [
            (["a=ig", "a=saliency"], "the label a is given to two methods"),
            (["saliency=ig", "ig"], "another method has this name"),
            (["a b=ig", "ig"], "letters, digits"),
            (["a=integrated", "ig"], "there is no method 'integrated'"),
        ] {
            let message = methods(&options(&asked)).expect_err(part).to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
