//! Tests every method against every axiom.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use reglet_attribution::{BlurIntegratedGradients, GuidedIntegratedGradients, Method};

use crate::check::subject;
use crate::{Axiom, Effort, Verdict, check_with};

/// For each method and axiom.
const EFFORT: Effort = Effort { cases: 24, shrinks: 200 };

/// The text of `docs/axioms.md`: the table of methods × axioms, followed by the smallest counterexamples that were found. It
/// takes minutes, on all processors.
pub fn document() -> String {
    let methods: Vec<Method> = Method::all().iter().map(small).collect();
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(vec![(String::new(), String::new()); methods.len()]);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((index, method)) =
                    methods.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed))
                {
                    let row = row(method);
                    rows.lock().unwrap_or_else(PoisonError::into_inner)[index] = row;
                }
            });
        }
    });
    let rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    let names: Vec<&str> = Axiom::ALL.iter().map(|axiom| axiom.name()).collect();
    let rule = ":-:|".repeat(names.len());
    let (lines, details): (String, String) = rows.into_iter().unzip();
    format!("{HEAD}\n| method | {} |\n|---|{rule}\n{lines}\n## Counterexamples\n{details}", names.join(" | "))
}

/// A method's line of the table, and its details below the table.
fn row(method: &Method) -> (String, String) {
    let subject = subject(method);
    let mut line = format!("| `{}` |", method.name());
    let mut details = Vec::new();
    for axiom in Axiom::ALL {
        line.push_str(match check_with(axiom, &subject, EFFORT) {
            Verdict::Holds => " holds |",
            Verdict::Fails(counterexample) => {
                details.push(format!("* {axiom}: {counterexample}"));
                " fails |"
            }
            Verdict::DoesNotApply(reason) => {
                details.push(format!("* {axiom} does not apply: {reason}"));
                " – |"
            }
        });
    }
    if details.is_empty() {
        details.push("* every axiom holds".to_owned());
    }
    (line + "\n", format!("\n`{}`\n\n{}\n", method.name(), details.join("\n")))
}

const HEAD: &str = "\
# Methods and axioms

This page is written by `cargo run -p reglet-axioms --example table > docs/axioms.md`; a test checks that it is current. Each
method was tested against each axiom on 24 small random networks with inputs and pixels, which are the same for all methods.
*holds* means that no counterexample was found, *fails* that one was found; the smallest is listed below the table. The axioms
are defined in the documentation of the crate `reglet-axioms`, with their exact statements and tolerances. A pixel's attribution
consists of the values of all its channels. The baseline is zero for every method that has one. Methods that draw samples are tested with their
sampling error, and Blur and Guided Integrated Gradients take too few steps here to be complete. Parameter randomisation concerns
the appearance of maps: a map that is multiplied by the picture looks like the picture, whatever the weights.

A network is F_t(x) = b_t + Σ_h w_th max(0, d_h + Σ_cp v_hcp max(0, a_c + Σ_k u_ck x_kp)), with hidden units h, channels c, pixels p
and colours k. Counterexamples list u channel by channel, v unit by unit (separated by |) and in each channel by channel, w class
by class, and x pixel by pixel; the class explained is the first.
";

/// The method with parameters for pictures of two by two pixels: few segments, and counts for which the tolerances of the
/// axioms are chosen.
fn small(method: &Method) -> Method {
    // These two take their steps one after the other, or blur anew for each.
    let slow = method.is::<GuidedIntegratedGradients>() || method.is::<BlurIntegratedGradients>();
    let steps = if slow { 40 } else { 200 };
    let counts =
        [("segmentation", serde_json::json!({ "grid": 2 })), ("steps", steps.into()), ("samples", 16.into())];
    let others = [
        ("masks", 64.into()),
        ("orders", 6.into()),
        ("cells", 2.into()),
        ("baselines", serde_json::json!(["zero"])),
        // XRAI's, whose regions are pixels then.
        ("methods", serde_json::json!([{ "name": "integrated_gradients", "steps": 200 }])),
        ("segmentations", serde_json::json!([{ "grid": 2 }])),
        ("dilation", 0.into()),
        ("smallest", 1.into()),
    ];
    let mut small = method.clone();
    for (key, value) in counts.into_iter().chain(others) {
        if small.has(key) {
            small = small.with(key, value).expect("a value of the parameter's type");
        }
    }
    small
}
