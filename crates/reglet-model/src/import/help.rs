//! Writes the Python code that exports a model.

/// The libraries whose networks are known by name.
enum Library<'a> {
    /// The reader's own network.
    Own,
    Torchvision(&'a str),
    Timm(&'a str),
    /// A name on the Hugging Face Hub, or a folder.
    Transformers(&'a str),
}

impl Library<'_> {
    fn of(network: Option<&str>) -> Library<'_> {
        let Some(name) = network else { return Library::Own };
        match (name.strip_prefix("timm."), name.strip_prefix("transformers.")) {
            (Some(name), _) => Library::Timm(name),
            (_, Some(name)) => Library::Transformers(name),
            _ => Library::Torchvision(name),
        }
    }
}

/// The lines of Python that export a classifier for [`Model::import`](crate::Model::import). `network` is torchvision's name of it; after
/// `timm.`, timm's name; after `transformers.`, a name on the Hugging Face Hub or a folder; and `None` for the reader's own network.
/// `side` is the side of the square pictures that it takes. The lines write the mean and the standard deviation that the network
/// was trained with into the archive, and the size of its pictures if the library knows it.
pub fn export_help(network: Option<&str>, side: u32) -> String {
    let (package, network, statistics) = match Library::of(network) {
        Library::Own => (
            "",
            "model = ...  # your classifier, with its weights loaded".to_owned(),
            "# Those of your transforms.Normalize; [0, 0, 0] and [1, 1, 1] if the model is given plain numbers from 0 to 1.\n\
             statistics = {\"mean\": [0.485, 0.456, 0.406], \"std\": [0.229, 0.224, 0.225]}",
        ),
        Library::Timm(name) => (
            "import timm\n",
            format!("model = timm.create_model({name:?}, pretrained=True)"),
            "known = (\"mean\", \"std\", \"input_size\", \"crop_pct\", \"crop_mode\", \"interpolation\")\n\
             statistics = {key: model.pretrained_cfg[key] for key in known if key in model.pretrained_cfg}",
        ),
        Library::Transformers(name) => (
            "from transformers import AutoImageProcessor, AutoModelForImageClassification\n",
            format!(
                "model = AutoModelForImageClassification.from_pretrained({name:?})\n\
                 processor = AutoImageProcessor.from_pretrained({name:?}).to_dict()"
            ),
            "known = (\"do_resize\", \"size\", \"do_center_crop\", \"crop_size\", \"crop_pct\", \"resample\", \"do_rescale\", \
             \"rescale_factor\", \"do_normalize\", \"image_mean\", \"image_std\")\n\
             statistics = {key: processor[key] for key in known if processor.get(key) is not None}",
        ),
        Library::Torchvision(name) => (
            "import torchvision\n",
            format!(
                "weights = torchvision.models.get_model_weights({name:?}).DEFAULT\n\
                 model = torchvision.models.get_model({name:?}, weights=weights)"
            ),
            "recipe = weights.transforms()\n\
             statistics = {\"mean\": recipe.mean, \"std\": recipe.std, \"size\": {\"shortest_edge\": recipe.resize_size[0]}, \
             \"crop_size\": recipe.crop_size[0], \"interpolation\": recipe.interpolation.value}",
        ),
    };
    format!(
        "import json\n\
         import torch\n{package}\n\
         {network}\n\
         {statistics}\n\
         pictures, batch = torch.randn(2, 3, {side}, {side}), torch.export.Dim(\"batch\")\n\
         program = torch.export.export(model.eval(), (pictures,), dynamic_shapes=({{0: batch}},))\n\
         torch.export.save(program, \"model.pt2\", extra_files={{\"preprocessing.json\": json.dumps(statistics)}})\n"
    )
}
