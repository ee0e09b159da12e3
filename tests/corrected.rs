//! Corrected weights in torchvision: the lines of Python that `reglet correct` prints load them, and torchvision's network then
//! says what ours does.
//!
//! `REGLET_PYTHON` names an interpreter with torchvision; `cargo xtask parity --corrected` prepares one. Where it is not set, the
//! case is listed as ignored.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Trial};
use reglet_model::{Architecture, Model, ModelOptions, Parameters, Preprocessing, WeightsSource, save};
use reglet_tests::assert_close;
use tch::{Device, Kind, Tensor};

/// The methods: one that changes the last layer, and one that changes everything.
const METHODS: [&str; 2] = ["leace", "vanilla"];

fn main() -> ExitCode {
    let python = std::env::var_os("REGLET_PYTHON").map(PathBuf::from);
    let absent = python.is_none();
    if absent {
        println!(
            "skipped: corrected weights in torchvision, which needs Python; run `cargo xtask parity --corrected`"
        );
    }
    let python = python.unwrap_or_default();
    let test = move || {
        load_and_compare(&python);
        Ok(())
    };
    let trial = Trial::test("torchvision_loads_corrected_weights", test).with_ignored_flag(absent);
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}

fn options(weights: PathBuf) -> ModelOptions {
    ModelOptions {
        architecture: Architecture::ResNet18,
        width: 1.0,
        weights: WeightsSource::File(weights),
        labels: None,
        preprocessing: Preprocessing::exact(64),
        device: Device::Cpu,
    }
}

fn load_and_compare(python: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let graph = Architecture::ResNet18.graph(2, 1.0).expect("a network");
    let start = Parameters::initial(&graph, 5).expect("weights");
    let names = graph.parameters().iter().map(|parameter| parameter.name.as_str());
    save(&at("start.safetensors"), &names.zip(start.tensors()).collect::<Vec<_>>()).expect("room");
    fs::write(at("audit.toml"), AUDIT).expect("room");
    let inputs = Tensor::randn([3, 3, 64, 64], (Kind::Float, Device::Cpu));
    save(&at("inputs.safetensors"), &[("inputs", &inputs)]).expect("room");

    for method in METHODS {
        fs::write(at("correct.toml"), format!("{CORRECT}\n[methods.{method}]\n")).expect("room");
        let out = at(method);
        let lines = reglet_audit::correct(&at("correct.toml"), &[], &out).expect("it corrects").python;
        assert!(lines.starts_with("import torchvision"), "{lines}");
        let script = format!(
            "{lines}\nimport torch\nfrom safetensors.torch import save_file\nwith torch.no_grad():\n    \
             logits = model(load_file('inputs.safetensors')['inputs'])\nsave_file({{'logits': logits}}, '{method}.logits')\n"
        );
        let done = Command::new(python).arg("-c").arg(&script).current_dir(folder.path()).output();
        let done = done.expect("REGLET_PYTHON is an interpreter");
        assert!(done.status.success(), "{method}: {}\n{script}", String::from_utf8_lossy(&done.stderr));

        let weights = out.join(format!("{method}.safetensors"));
        let corrected = Model::load(&options(weights), &mut |_, _| ()).expect("our own weights");
        let ours = corrected.logits(&inputs).expect("it runs");
        let theirs = reglet_model::Weights::read(&at(&format!("{method}.logits"))).expect("readable");
        assert_close(method, &ours, theirs.get("logits").expect("there"), 1e-5);
        let before = Model::load(&options(at("start.safetensors")), &mut |_, _| ()).expect("our own weights");
        let moved = (ours - before.logits(&inputs).expect("it runs")).abs().max().double_value(&[]);
        assert!(moved > 1e-3, "{method} has corrected nothing: {moved}");
    }
}

const AUDIT: &str = r#"
target = "melanoma"

[data.phantoms]
count = 8
size = 64
seed = 71

[models.plain]
architecture = "resnet18"
weights = "start.safetensors"
preprocessing = { square = 64 }

[methods.saliency]
"#;

const CORRECT: &str = r#"
audit = "audit.toml"
model = "plain"

[data.phantoms]
count = 40
size = 64
seed = 3107

[training]
epochs = 1
batch = 8
"#;
