//! A method's parameters by name, for arguments of the command line and paths in a config.

use std::path::Path;

use reglet_attribution::Method;
use serde_json::Value;

use crate::Error;

/// The method with its parameter `key` (dotted, for a parameter within a parameter) set to `value`; `None`
/// if it has no such parameter.
///
/// # Errors
/// [`Error::Usage`] if the value is not what the parameter takes.
pub fn set(method: &Method, key: &str, value: Value) -> Result<Option<Method>, Error> {
    let mut parameters = of(method);
    let path = format!("/{}", key.replace('.', "/"));
    let Some(place) = parameters.pointer_mut(&path).filter(|_| key != TAG) else { return Ok(None) };
    *place = value;
    let set = serde_json::from_value(parameters);
    set.map(Some).map_err(|error| Error::Usage(format!("{}: {key}: {error}", method.name())))
}

/// The names of the method's parameters.
pub fn names(method: &Method) -> Vec<String> {
    let parameters = of(method);
    parameters.as_object().into_iter().flat_map(|all| all.keys()).filter(|key| *key != TAG).cloned().collect()
}

/// The method with the path of its baseline's picture, if it has one, taken as relative to `folder`.
pub fn relative_to(method: Method, folder: &Path) -> Method {
    let picture = of(&method).pointer("/baseline/picture").and_then(|path| Some(folder.join(path.as_str()?)));
    let joined = picture.and_then(|path| set(&method, "baseline.picture", path.to_str()?.into()).ok()?);
    joined.unwrap_or(method)
}

/// The key that holds the method's name.
const TAG: &str = "name";

fn of(method: &Method) -> Value {
    serde_json::to_value(method).expect("parameters are plain values")
}

#[cfg(test)]
mod tests {
    use super::*;
    use reglet_attribution::{Baseline, IntegratedGradients};
    use serde_json::json;

    fn integrated(baseline: Baseline) -> Method {
        Method::IntegratedGradients(IntegratedGradients { baseline, ..IntegratedGradients::default() })
    }

    #[test]
    fn parameters_are_set_by_name() {
        let method = integrated(Baseline::Zero);
        let more = set(&method, "steps", json!(7)).expect("a number").expect("it has steps");
        assert!(matches!(more, Method::IntegratedGradients(ig) if ig.steps == 7));
        let noise = integrated("noise:3".parse().expect("a baseline"));
        let seeded = set(&noise, "baseline.noise.seed", json!(9)).expect("a seed").expect("it has one");
        assert_eq!(seeded, integrated("noise:9".parse().expect("a baseline")));
        assert_eq!(set(&method, "layer", json!("conv1")).expect("no fault"), None);
        assert_eq!(set(&method, "name", json!("saliency")).expect("no fault"), None);
        let fault = set(&method, "steps", json!("many")).expect_err("no number").to_string();
        assert!(fault.contains("integrated_gradients: steps") && fault.contains("many"), "{fault}");
        assert_eq!(names(&method), ["baseline", "quadrature", "steps", "tolerance"]);
    }

    #[test]
    fn only_paths_become_relative() {
        let folder = Path::new("somewhere");
        let picture = |path: &str| integrated(Baseline::Picture(path.into()));
        assert_eq!(relative_to(picture("a.png"), folder), picture("somewhere/a.png"));
        assert_eq!(relative_to(integrated(Baseline::Black), folder), integrated(Baseline::Black));
    }

    #[test]
    fn every_method_survives_being_written_and_read() {
        for method in Method::all() {
            let read: Method = serde_json::from_value(of(&method)).expect("its own words");
            assert_eq!(read, method);
        }
    }
}
