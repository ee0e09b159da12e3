//! The lines of Python that load corrected weights.

use reglet_model::Architecture;

/// Loads the weights in `file` into the module that `architecture`, with these channels, was made from, or into one's own.
pub(super) fn lines(architecture: Option<Architecture>, width: f64, classes: usize, file: &str) -> String {
    let file = file.replace('\\', "\\\\").replace('"', "\\\"");
    let (import, model) = match architecture {
        Some(architecture) if width == 1.0 => (
            "import torchvision\n",
            format!("model = torchvision.models.{architecture}(num_classes={classes})"),
        ),
        Some(architecture) => (
            "",
            format!("model = …  # the module that was trained: {architecture} with {width} of the channels"),
        ),
        None => ("", "model = …  # the module that was exported".to_owned()),
    };
    format!(
        "{import}from safetensors.torch import load_file\n\n{model}\nmissing, unexpected = model.load_state_dict(load_file(\"\
         {file}\"), strict=False)\nassert not unexpected and all(name.endswith(\"num_batches_tracked\") for name in missing)\n\
         model.eval()\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_name_the_network_and_escape_the_path() {
        let text = lines(Some(Architecture::ResNet18), 1.0, 2, "a \"b\"/dfr.safetensors");
        assert!(text.contains("torchvision.models.resnet18(num_classes=2)"), "{text}");
        assert!(text.contains(r#"load_file("a \"b\"/dfr.safetensors")"#), "{text}");
        assert!(lines(None, 1.0, 2, "x").contains("exported"));
    }
}
