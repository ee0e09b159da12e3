//! Where a model runs.

use tch::{Cuda, Device};

use crate::ModelError;

/// The device called `name`: `cpu`, `cuda`, `cuda:N`, `mps`, or `auto` for the best there is.
///
/// # Errors
/// [`ModelError::UnknownDevice`], listing what is available.
pub fn device(name: &str) -> Result<Device, ModelError> {
    let gpus = Cuda::device_count();
    let mps = tch::utils::has_mps();
    let unknown = || {
        let mut available = vec!["auto".to_owned(), "cpu".to_owned()];
        available.extend((0..gpus).map(|index| format!("cuda:{index}")));
        available.extend(mps.then(|| "mps".to_owned()));
        ModelError::UnknownDevice { name: name.to_owned(), available: available.join(", ") }
    };
    match name {
        "auto" if gpus > 0 => Ok(Device::Cuda(0)),
        "auto" if mps => Ok(Device::Mps),
        "auto" | "cpu" => Ok(Device::Cpu),
        "mps" if mps => Ok(Device::Mps),
        "cuda" if gpus > 0 => Ok(Device::Cuda(0)),
        _ => {
            let index: Option<i64> = name.strip_prefix("cuda:").and_then(|index| index.parse().ok());
            let index = index.filter(|index| (0..gpus).contains(index)).ok_or_else(unknown)?;
            Ok(Device::Cuda(index as usize))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_always_there_and_a_stranger_never() {
        assert_eq!(device("cpu").expect("always there"), Device::Cpu);
        for wrong in ["gpu", "cuda:99", "cuda:-1", "cuda:x", ""] {
            let message = device(wrong).expect_err("not a device").to_string();
            assert!(message.contains("available: auto, cpu"), "{message}");
        }
    }
}
