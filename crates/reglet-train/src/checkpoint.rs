//! The state of a training after an epoch, in a file, from which it can be resumed after an interruption.
//!
//! The file: the length of a header in JSON (8 bytes, little-endian), the header, every number as a 32-bit float, and a
//! SHA-256 of all that. The number of values is derived from the network, not from the file.

use std::fs;
use std::io::Write;
use std::path::Path;

use reglet_model::{Graph, Parameters};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tch::{Device, Kind, Tensor};

use crate::optimiser::Memory;
use crate::{TrainError, Worst};

/// The file in which a training is saved, so that it can be resumed after an interruption.
#[derive(Debug, Clone, Copy)]
pub struct Resume<'a> {
    /// The file.
    pub path: &'a Path,
    /// A key of everything that the training depends on; a file with another key is ignored.
    pub key: &'a str,
}

/// The best weights so far.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The epoch after which they were reached; 0: before the first.
    pub epoch: usize,
    pub parameters: Parameters,
    pub worst: Option<Worst>,
}

/// The contents of a file besides the numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    key: String,
    pub epoch: usize,
    pub step: usize,
    pub first_loss: Option<f64>,
    pub loss: f64,
    pub order: Vec<i64>,
    /// The number of random values that have been drawn.
    pub word: u128,
    /// The state of the objective.
    pub state: Vec<f64>,
    best_epoch: usize,
    best: Option<Worst>,
}

/// A file that has been read, or that will be written.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub head: Head,
    numbers: Vec<u8>,
}

/// The maximum length of a header in bytes; the order of a hundred million examples takes a tenth of it.
const LONGEST: u64 = 1 << 33;
const CHECKSUM: usize = 32;

impl Checkpoint {
    pub fn of(
        key: &str,
        (epoch, step): (usize, usize),
        (first_loss, loss): (Option<f64>, f64),
        (order, word): (&[i64], u128),
        state: Vec<f64>,
        best: &Kept,
    ) -> Checkpoint {
        let head = Head {
            key: key.to_owned(),
            epoch,
            step,
            first_loss,
            loss,
            order: order.to_vec(),
            word,
            state,
            best_epoch: best.epoch,
            best: best.worst.clone(),
        };
        Checkpoint { head, numbers: Vec::new() }
    }

    /// The checkpoint of an earlier run of the same training. A file of another training, or a truncated or damaged file, is
    /// ignored.
    pub fn read(resume: Resume<'_>, graph: &Graph, trained: usize, examples: usize) -> Option<Checkpoint> {
        let count: usize = graph.parameters().iter().map(|p| p.shape.iter().product::<i64>() as usize).sum();
        // The weights, the best weights, and at most two moments of those that are trained.
        let most = count.checked_mul(4 * 4)? as u64 + LONGEST;
        let size = fs::metadata(resume.path).ok().filter(fs::Metadata::is_file)?.len();
        if size > most || size < 8 + CHECKSUM as u64 {
            return None;
        }
        let mut bytes = fs::read(resume.path).ok()?;
        let checksum = bytes.split_off(bytes.len().checked_sub(CHECKSUM)?);
        if Sha256::digest(&bytes).as_slice() != checksum {
            return None;
        }
        let length = u64::from_le_bytes(*bytes.first_chunk::<8>()?);
        let start = usize::try_from(length).ok()?.checked_add(8).filter(|start| *start <= bytes.len())?;
        let head: Head = serde_json::from_slice(&bytes[8..start]).ok()?;
        let numbers = bytes.split_off(start);
        let places = head.order.iter().all(|place| (0..examples as i64).contains(place));
        let fits = head.key == resume.key && head.order.len() == examples && places && trained > 0;
        fits.then_some(Checkpoint { head, numbers })
    }

    /// Restores weights, moments and the best weights.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] if the number of values differs although the checksum is correct, which means that another
    /// program wrote the file.
    pub fn restore(
        &self,
        parameters: &Parameters,
        memory: &mut Memory,
        best: &mut Kept,
    ) -> Result<(), TrainError> {
        let _guard = tch::no_grad_guard();
        let moments = memory.moments.iter().flatten();
        let all = parameters.tensors().iter().chain(best.parameters.tensors()).chain(moments);
        let mut rest = self.numbers.as_slice();
        for tensor in all {
            let length = 4 * tensor.numel();
            let Some((own, others)) = rest.split_at_checked(length) else {
                return Err(TrainError::Parameter {
                    key: "checkpoint",
                    what: "the checkpoint is of another network; remove it".to_owned(),
                });
            };
            rest = others;
            let values = Tensor::f_from_data_size(own, &tensor.size(), Kind::Float)?;
            tensor.shallow_clone().f_copy_(&values.f_to_device(tensor.device())?)?;
        }
        memory.steps = self.head.step as u64;
        (best.epoch, best.worst) = (self.head.best_epoch, self.head.best.clone());
        Ok(())
    }

    /// Writes the file completely or not at all.
    pub fn write(
        &self,
        path: &Path,
        parameters: &Parameters,
        memory: &Memory,
        best: &Kept,
    ) -> Result<(), TrainError> {
        let fault = |reason: String| TrainError::Checkpoint { path: path.to_owned(), reason };
        let head = serde_json::to_vec(&self.head).map_err(|error| fault(error.to_string()))?;
        let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
        bytes.extend(head);
        let moments = memory.moments.iter().flatten();
        for tensor in parameters.tensors().iter().chain(best.parameters.tensors()).chain(moments) {
            let flat = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
            let start = bytes.len();
            bytes.resize(start + 4 * flat.numel(), 0);
            flat.f_copy_data_u8(&mut bytes[start..], flat.numel())?;
        }
        let checksum = Sha256::digest(&bytes);
        let temporary = path.with_extension("part");
        let written = || -> std::io::Result<()> {
            let mut file = fs::File::create(&temporary)?;
            file.write_all(&bytes)?;
            file.write_all(&checksum)?;
            drop(file);
            fs::rename(&temporary, path)
        };
        written().map_err(|error| fault(error.to_string()))
    }
}
