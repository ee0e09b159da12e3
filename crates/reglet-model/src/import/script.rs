//! Reads models that were saved as TorchScript programs.

use std::io::{BufReader, Read};
use std::path::Path;

use tch::{CModule, Device, Kind, Tensor};
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};

use super::Exported;
use crate::graph::{Graph, Request, TorchScript};
use crate::statistics;
use crate::{ModelError, Note, Parameters, files};

/// Whether a file is a TorchScript archive, by the criterion that PyTorch uses.
pub(crate) fn is_script(path: &Path) -> bool {
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let file = files::open(path).ok().map(|(file, _)| BufReader::new(file));
    let archive = file.and_then(|file| ZipArchive::with_config(config, file).ok());
    archive.is_some_and(|archive| archive.file_names().filter_map(Result::ok).any(|name| is_constants(&name)))
}

/// Whether an entry is the one that every TorchScript program has and no archive of torch.export has.
pub(super) fn is_constants(name: &str) -> bool {
    name.split_once('/').is_some_and(|(_, inner)| inner == "constants.pkl")
}

/// Builds a graph whose only operator is the program. What it returns, and in what shape, is found by running it on `input`.
pub(crate) fn read_script(path: &Path, input: &Tensor, device: Device) -> Result<Exported, ModelError> {
    let unreadable = |reason: String| ModelError::UnreadableArchive { path: path.to_owned(), reason };
    let sha256 = files::sha256(path).map_err(unreadable)?;
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
    let logits = graph.call("program", TorchScript::new(module), &[picture]);
    graph.set_output(logits);
    let parameters = Parameters::from_tensors(Vec::new());
    let run = |input: &Tensor| {
        let request = Request { feeds: &[(picture, input)], fetches: &[logits], ..Request::default() };
        Ok::<_, ModelError>(graph.run(&parameters, &request)?.remove(0))
    };
    let found = run(input)?.size();
    let count = match found[..] {
        [1, count] if count > 0 => count,
        _ => {
            return Err(unreadable(format!(
                "for pictures {:?} its result has the shape {found:?}, but logits have the shape [N, classes]",
                input.size()
            )));
        }
    };
    let mut results = Vec::new();
    for pattern in 1..=PATTERNS {
        results.push(run(&patterned(input, pattern)?)?);
    }
    let results = Tensor::f_cat(&results, 0)?.f_to_kind(Kind::Double)?;
    let within = results.f_ge(0.0)?.f_logical_and(&results.f_le(1.0)?)?.f_all()?.f_int64_value(&[])? != 0;
    let sums = results.f_sum_dim_intlist([1_i64].as_slice(), false, Kind::Double)?;
    let whole = sums.f_sub_scalar(1.0)?.f_abs()?.f_max()?.f_double_value(&[])? < 1e-3;
    if within && whole && count > 1 {
        return Err(unreadable(
            "it returns probabilities, and the logits inside a program are not accessible; save a program that returns the input of the last softmax"
                .to_owned(),
        ));
    }
    let notes = if within { vec![Note::PerhapsProbabilities] } else { Vec::new() };
    let class = "TorchScript".to_owned();
    let said = statistics::find(path, entry(path, statistics::ENTRY).as_deref())?;
    Ok(Exported { graph, parameters, class, logits: count, squashing: None, notes, said, sha256 })
}

/// The bytes of a short entry, by its path under the root folder.
fn entry(path: &Path, name: &str) -> Option<Vec<u8>> {
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive = ZipArchive::with_config(config, BufReader::new(files::open(path).ok()?.0)).ok()?;
    let is_it = |found: &str| found.split_once('/').is_some_and(|(_, inner)| inner == name);
    let found = archive.file_names().filter_map(Result::ok).find(|found| is_it(found))?.into_owned();
    let mut bytes = Vec::new();
    archive.by_name(&found).ok()?.take(1 << 20).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The number of pictures on which a program is tried.
const PATTERNS: i64 = 6;

/// A picture in the shape of `input` made of waves, which become finer from one picture to the next, in the value range of
/// normalised pictures.
fn patterned(input: &Tensor, pattern: i64) -> Result<Tensor, ModelError> {
    let places = Tensor::f_arange(input.numel() as i64, (Kind::Float, input.device()))?;
    let waves = places.f_mul_scalar(0.37 * pattern as f64 + 0.013 * (pattern * pattern) as f64)?.f_sin()?;
    Ok(waves.f_mul_scalar(2.0)?.f_view(input.size().as_slice())?)
}
