//! Passes of one network, timed: `forward --network NAME --weights FILE --inputs FILE --batch N --side S --device DEVICE
//! [--rewrites NAME,…] --logits FILE` prepares it, writes the logits of the inputs, and then answers every line of standard input, `forward` or `gradient`, with
//! the seconds that one such pass over the batch took and those that it kept processors busy. What `cargo xtask bench --forward` sets beside other engines.
//!
//! Inputs, `[N, 3, S, S]`, and logits, `[N, 1000]`, are 32-bit floats in little-endian order. A gradient is that of the sum
//! of each picture's largest logit, with respect to the pictures.

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use reglet_model::{
    Architecture, Graph, ModelError, Parameters, Pass, Request, Rewrite, Rows, Weights, device,
};
use tch::{Device, Kind, Tensor};

const CLASSES: i64 = 1000;

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(words: &[String]) -> Result<(), Box<dyn Error>> {
    let word = |name: &str| {
        let place = words.iter().position(|word| word == name).and_then(|place| words.get(place + 1));
        place.ok_or_else(|| format!("{name} is needed"))
    };
    let network: Architecture = word("--network")?.parse()?;
    let (batch, side): (i64, i64) = (word("--batch")?.parse()?, word("--side")?.parse()?);
    let device = device(word("--device")?)?;
    let graph = network.graph(CLASSES, 1.0)?;
    let weights = Weights::read(Path::new(word("--weights")?))?;
    let mut parameters = Parameters::from_weights(&graph, &weights, network.name(), device)?;
    let names: Vec<&str> = word("--rewrites").map_or(Vec::new(), |names| names.split(',').collect());
    let mut rewrites = Rewrite::DEFAULT.to_vec();
    rewrites.extend(names.into_iter().map(str::parse).collect::<Result<Vec<Rewrite>, _>>()?);
    parameters.prepare(&graph, &rewrites)?;
    let numbers: Vec<f32> = fs::read(word("--inputs")?)?
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect();
    let inputs = Tensor::f_from_slice(&numbers)?.f_view([batch, 3, side, side])?.f_to_device(device)?;

    let logits = Vec::<f32>::try_from(forward(&graph, &parameters, &inputs)?.f_view([-1])?)?;
    fs::write(word("--logits")?, logits.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>())?;
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let (begun, busy) = (Instant::now(), processor());
        let result = match line?.as_str() {
            "forward" => forward(&graph, &parameters, &inputs)?,
            "gradient" => gradient(&graph, &parameters, &inputs)?,
            other => return Err(format!("{other:?} is neither forward nor gradient").into()),
        };
        if device != Device::Cpu {
            // A GPU is told what to compute and is waited for here.
            result.f_sum(Kind::Float)?.f_double_value(&[])?;
        }
        let (passed, busy) = (begun.elapsed().as_secs_f64(), processor() - busy);
        drop(result);
        writeln!(output, "{passed} {busy}")?;
        output.flush()?;
    }
    Ok(())
}

/// The seconds that this process has kept processors busy.
fn processor() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn forward(graph: &Graph, parameters: &Parameters, inputs: &Tensor) -> Result<Tensor, ModelError> {
    let request =
        Request { feeds: &[(graph.input(), inputs)], fetches: &[graph.output()], ..Request::default() };
    Ok(graph.run(parameters, &request)?.remove(0))
}

fn gradient(graph: &Graph, parameters: &Parameters, inputs: &Tensor) -> Result<Tensor, ModelError> {
    let pass =
        Pass { feeds: &[(graph.input(), Rows::Given(inputs))], watch: &[graph.input()], ..Pass::default() };
    let found = graph.differentiate(parameters, &pass, |logits| {
        Ok::<_, ModelError>(logits.f_amax([1].as_slice(), false)?)
    })?;
    found.gradients.into_iter().next().ok_or_else(|| ModelError::NotFed { value: "input".to_owned() })
}
