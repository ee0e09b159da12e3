//! Tests every method against every axiom.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use reglet_attribution::{BlurIntegratedGradients, GuidedIntegratedGradients, Method};

use crate::check::subject;
use crate::{Axiom, Effort, Verdict, check_with};

/// For each method and axiom.
const EFFORT: Effort = Effort { cases: 24, shrinks: 200 };

/// Every method tested against every axiom. Written out, it is `docs/axioms.md`: the table of methods × axioms, followed by the
/// smallest counterexamples that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Each method by its name, with the result of each axiom in the order of [`Axiom::ALL`].
    pub methods: Vec<(String, Vec<(Axiom, Verdict)>)>,
}

/// Tests every method of the registry against every axiom. It takes minutes, on all processors.
pub fn survey() -> Survey {
    let methods: Vec<Method> = Method::all().iter().map(small).collect();
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(vec![(String::new(), Vec::new()); methods.len()]);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((index, method)) =
                    methods.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed))
                {
                    let subject = subject(method);
                    let verdicts = Axiom::ALL.map(|axiom| (axiom, check_with(axiom, &subject, EFFORT)));
                    let row = (method.name().to_owned(), verdicts.to_vec());
                    rows.lock().unwrap_or_else(PoisonError::into_inner)[index] = row;
                }
            });
        }
    });
    Survey { methods: rows.into_inner().unwrap_or_else(PoisonError::into_inner) }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Axiom::ALL.iter().map(|axiom| axiom.name()).collect();
        writeln!(f, "{HEAD}\n| method | {} |\n|---|{}", names.join(" | "), ":-:|".repeat(names.len()))?;
        for (method, verdicts) in &self.methods {
            let cells = verdicts.iter().map(|(_, verdict)| match verdict {
                Verdict::Holds => " holds |",
                Verdict::Fails(_) => " fails |",
                Verdict::DoesNotApply(_) => " – |",
            });
            writeln!(f, "| `{method}` |{}", cells.collect::<String>())?;
        }
        writeln!(f, "\n## Counterexamples")?;
        for (method, verdicts) in &self.methods {
            writeln!(f, "\n`{method}`\n")?;
            for (axiom, verdict) in verdicts {
                match verdict {
                    Verdict::Holds => {}
                    Verdict::Fails(counterexample) => writeln!(f, "* {axiom}: {counterexample}")?,
                    Verdict::DoesNotApply(reason) => writeln!(f, "* {axiom} does not apply: {reason}")?,
                }
            }
            if verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Holds) {
                writeln!(f, "* every axiom holds")?;
            }
        }
        Ok(())
    }
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
