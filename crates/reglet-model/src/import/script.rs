//! Models that PyTorch saved as TorchScript, which are programs.

use std::fs::File;
use std::path::Path;

use tch::{CModule, Device, Tensor};
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};

use super::Exported;
use crate::graph::{Graph, Program, Request};
use crate::weights::inspect;
use crate::{ModelError, Parameters};

/// Whether a file is an archive of TorchScript, as PyTorch tells them apart.
pub(crate) fn is_script(path: &Path) -> bool {
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let archive = File::open(path).ok().and_then(|file| ZipArchive::with_config(config, file).ok());
    archive.is_some_and(|archive| archive.file_names().filter_map(Result::ok).any(|name| is_constants(&name)))
}

/// Whether an entry is the one that every program has, and no exported model.
pub(super) fn is_constants(name: &str) -> bool {
    name.split_once('/').is_some_and(|(_, inner)| inner == "constants.pkl")
}

/// Makes a graph of one operator of a program. What it returns, and how much, only running it tells: on `input`.
pub(crate) fn read_script(path: &Path, input: &Tensor, device: Device) -> Result<Exported, ModelError> {
    let unreadable = |reason: String| ModelError::UnreadableArchive { path: path.to_owned(), reason };
    let (_, sha256) = inspect(path).map_err(unreadable)?;
    let line =
        |error: &dyn std::error::Error| error.to_string().lines().next().unwrap_or_default().to_owned();
    let load = || {
        let mut module = CModule::load_on_device(path, device)?;
        module.f_set_eval()?;
        for (_, parameter) in module.named_parameters()? {
            // Otherwise every backward pass would keep what the parameters' gradients need.
            let _ = parameter.f_set_requires_grad(false)?;
        }
        Ok(module)
    };
    let module = load().map_err(|error: tch::TchError| {
        unreadable(format!("libtorch cannot load the TorchScript program ({})", line(&error)))
    })?;

    let (mut graph, picture) = Graph::new();
    let logits = graph.call("program", Program::new(module), &[picture]);
    graph.set_output(logits);
    let parameters = Parameters::from_tensors(Vec::new());
    let request = Request { feeds: &[(picture, input)], fetches: &[logits], ..Request::default() };
    let found = graph.run(&parameters, &request)?.remove(0).size();
    let logits = match found[..] {
        [1, logits] if logits > 0 => logits,
        _ => {
            return Err(unreadable(format!(
                "for pictures {:?} its result has shape {found:?}, and logits have [N, classes]",
                input.size()
            )));
        }
    };
    Ok(Exported { graph, parameters, class: "TorchScript".to_owned(), logits, sha256 })
}
