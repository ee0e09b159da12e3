//! Parses the methods that the command line names.

use reglet_attribution::{Baseline, Method};
use serde_json::json;

use crate::{Error, ExplainOptions, parameters};

/// The requested methods, each listed once with the parameters that the command line gives it.
pub(super) fn methods(options: &ExplainOptions) -> Result<Vec<Method>, Error> {
    let mut methods: Vec<Method> =
        options.methods.iter().map(|name| Method::named(name)).collect::<Result<_, _>>()?;
    if methods.is_empty() {
        return Err(Error::Usage(format!("no method is named; there are {}", Method::NAMES.join(", "))));
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
            if let Some(changed) = parameters::set(method, key, value.clone())? {
                (*method, taken) = (changed, true);
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
    let mut distinct = Vec::new();
    for method in methods {
        method.get().check()?;
        if !distinct.contains(&method) {
            distinct.push(method);
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
    let name = Method::named(name)?.name();
    let method = methods.iter_mut().find(|method| method.name() == name);
    let method = method.ok_or_else(|| fault(format!("{name} is not among the selected methods")))?;
    let document: Result<toml::Table, _> = toml::from_str(&format!("value = {value}"));
    let value = document.map_or_else(|_| json!(value), |document| json!(document["value"]));
    *method = parameters::set(method, key, value)?.ok_or_else(|| {
        let known = parameters::names(method).join(", ");
        fault(format!("{name} has no parameter '{key}'; it has: {known}"))
    })?;
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;

    /// A command line that names these methods and is otherwise minimal.
    pub(crate) fn options(methods: &[&str]) -> ExplainOptions {
        ExplainOptions {
            pictures: Vec::new(),
            model: "resnet18".into(),
            run_torchscript: false,
            output: None,
            head: None,
            width: 1.0,
            weights: None,
            labels: None,
            target: None,
            methods: methods.iter().map(|name| (*name).to_owned()).collect(),
            layer: None,
            baseline: None,
            steps: None,
            set: Vec::new(),
            preprocessing: None,
            mean: None,
            std: None,
            range: None,
            score: "logit".into(),
            colormap: "inferno".into(),
            device: "cpu".into(),
            rewrites: None,
            out: PathBuf::new(),
            keep_going: false,
            json: false,
        }
    }

    #[test]
    fn words_reach_the_methods_that_have_the_parameter() {
        let words = ExplainOptions { steps: Some(7), ..options(&["saliency", "ig"]) };
        let found = methods(&words).expect("sound");
        assert!(
            matches!(&found[..], [Method::Saliency(_), Method::IntegratedGradients(ig)] if ig.steps == 7)
        );
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
}
