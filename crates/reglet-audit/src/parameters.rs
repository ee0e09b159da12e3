//! Paths in the parameters of methods.

use std::path::Path;

use reglet_attribution::Method;

/// The method with the path of its baseline's picture, if it has one, taken as relative to `folder`.
pub fn relative_to(method: Method, folder: &Path) -> Method {
    let picture = method.parameters().get("baseline").and_then(|baseline| {
        let path = baseline.pointer("/picture")?.as_str()?;
        Some(folder.join(path))
    });
    let joined = picture.and_then(|path| method.with("baseline.picture", path.to_str()?.into()).ok());
    joined.unwrap_or(method)
}

#[cfg(test)]
mod tests {
    use reglet_attribution::{Baseline, IntegratedGradients};

    use super::*;

    #[test]
    fn only_paths_become_relative() {
        let folder = Path::new("somewhere");
        let integrated = |baseline: Baseline| {
            Method::new(IntegratedGradients { baseline, ..IntegratedGradients::default() })
        };
        let picture = |path: &str| integrated(Baseline::Picture(path.into()));
        assert_eq!(relative_to(picture("a.png"), folder), picture("somewhere/a.png"));
        assert_eq!(relative_to(integrated(Baseline::Black), folder), integrated(Baseline::Black));
    }
}
