//! How to export a model.

/// The lines of Python that export a classifier for [`Model::import`](crate::Model::import): `network` is
/// torchvision's name of it or, after `timm.`, timm's, and `None` for one of the reader's own; `side` is that
/// of the square pictures it takes.
pub fn export_help(network: Option<&str>, side: u32) -> String {
    let (package, network) = match network.map(|name| (name.strip_prefix("timm."), name)) {
        None => ("", "...  # your classifier, with its weights loaded".to_owned()),
        Some((Some(name), _)) => ("import timm\n", format!("timm.create_model({name:?}, pretrained=True)")),
        Some((None, name)) => {
            ("import torchvision\n", format!("torchvision.models.get_model({name:?}, weights=\"DEFAULT\")"))
        }
    };
    format!(
        "import torch\n{package}\n\
         model = {network}\n\
         pictures, batch = torch.randn(2, 3, {side}, {side}), torch.export.Dim(\"batch\")\n\
         program = torch.export.export(model.eval(), (pictures,), dynamic_shapes=({{0: batch}},))\n\
         torch.export.save(program, \"model.pt2\")\n"
    )
}
