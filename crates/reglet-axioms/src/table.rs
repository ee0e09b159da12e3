//! Every method held to every axiom.

use std::fmt::Write;

use reglet_attribution::{AttributionError, Method, Operators};
use reglet_model::Targets;
use tch::Tensor;

use crate::{Axiom, Effort, Verdict, check_with};

/// For each method and axiom.
const EFFORT: Effort = Effort { cases: 24, shrinks: 200 };

/// What `docs/axioms.md` says: the table of methods × axioms, and below it the smallest counterexamples that were found.
/// `progress` is told each method's name before its turn.
pub fn document(progress: &mut dyn FnMut(&str)) -> String {
    let names: Vec<&str> = Axiom::ALL.iter().map(|axiom| axiom.name()).collect();
    let mut text = format!("| method | {} |\n|---|{}\n", names.join(" | "), ":-:|".repeat(names.len()));
    let mut details = String::new();
    for method in Method::all().iter().map(small) {
        progress(method.name());
        let subject = |model: &dyn Operators, inputs: &Tensor, targets: &[usize]| {
            let one = std::slice::from_ref(&method);
            let mut found = Method::attribute_all(one, model, inputs, Targets::Classes(targets))?;
            Ok::<Tensor, AttributionError>(found.computed.swap_remove(0).attribution.values)
        };
        let _ = write!(text, "| `{}` |", method.name());
        let _ = writeln!(details, "\n`{}`\n", method.name());
        let before = details.len();
        for axiom in Axiom::ALL {
            let mark = match check_with(axiom, &subject, EFFORT) {
                Verdict::Holds => "holds",
                Verdict::Fails(counterexample) => {
                    let _ = writeln!(details, "* {axiom}: {counterexample}");
                    "fails"
                }
                Verdict::DoesNotApply(reason) => {
                    let _ = writeln!(details, "* {axiom} does not apply: {reason}");
                    "–"
                }
            };
            let _ = write!(text, " {mark} |");
        }
        text.push('\n');
        if details.len() == before {
            details.push_str("* every axiom holds\n");
        }
    }
    format!("{HEAD}\n{text}\n## Counterexamples\n{details}")
}

const HEAD: &str = "\
# Methods and axioms

Made by `cargo run -p reglet-axioms --example table > docs/axioms.md`; a test checks that it is current. Each method was held to
each axiom on 24 small random networks, inputs and pixels, always the same ones. *holds* means that no case was found that
breaks the axiom, *fails* that one was: the smallest is below. The axioms are those of the crate `reglet-axioms`, whose
documentation has their exact words and margins. A pixel's attribution is that of all its channels. Baselines are zero where
a method has one. Methods that draw samples are held to the axioms as they are, sampling error and all.

A network is F_t(x) = b_t + Σ_h w_th max(0, d_h + Σ_cp v_hcp max(0, a_c + Σ_k u_ck x_kp)), with hidden units h, channels c, pixels p
and colours k. Counterexamples list u channel by channel, v unit by unit (separated by |) and in each channel by channel, w class
by class, and x pixel by pixel; the class explained is the first.
";

/// The method with parameters for pictures of two by two pixels: few segments, and counts that the axioms' margins are made
/// for.
fn small(method: &Method) -> Method {
    let mut parameters = serde_json::to_value(method).expect("parameters are plain values");
    // These two take their steps one after the other, or blur anew for each.
    let slow = matches!(method, Method::GuidedIntegratedGradients(_) | Method::BlurIntegratedGradients(_));
    let steps = if slow { 40 } else { 200 };
    let counts =
        [("segmentation", serde_json::json!({ "grid": 2 })), ("steps", steps.into()), ("samples", 16.into())];
    let others = [
        ("masks", 64.into()),
        ("orders", 6.into()),
        ("cells", 2.into()),
        ("baselines", serde_json::json!(["zero"])),
    ];
    for (key, value) in counts.into_iter().chain(others) {
        if let Some(place) = parameters.get_mut(key) {
            *place = value;
        }
    }
    serde_json::from_value(parameters).expect("its own words")
}
