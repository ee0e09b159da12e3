//! Explains an ONNX file that ONNX Runtime runs: Occlusion and Kernel SHAP, which need only its scores.
//!
//! What the classifier looks at is known, because `make_model.py` sets its weights by hand: it calls a lesion melanoma if there
//! is a blue ruler beside it. The program fails unless both maps find the ruler.

use std::cell::RefCell;
use std::env;
use std::error::Error;
use std::ops::Range;

use ndarray::{Array1, Array2, Array4, ArrayView4, s};
use ort::session::Session;
use ort::value::Tensor;
use reglet_attribution::{ArrayClassifier, KernelShap, Occlusion, Reduction, Scores};

type Failure = Box<dyn Error + Send + Sync>;

/// The network's file, which `make_model.py` writes.
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/model.onnx");
/// The height and the width of the picture, and the ruler's rows and columns.
const SIDE: usize = 32;
const RULER: [Range<usize>; 2] = [4..8, 4..28];
/// The classes are benign and melanoma.
const MELANOMA: usize = 1;

/// The logit of each picture's target.
fn scores(
    session: &mut Session,
    pictures: ArrayView4<'_, f32>,
    targets: &[usize],
) -> Result<Array1<f32>, Failure> {
    let outputs = session.run(ort::inputs!["pictures" => Tensor::from_array(pictures.to_owned())?])?;
    let logits = outputs["logits"].try_extract_array::<f32>()?;
    let logit = |(row, &target)| logits.get([row, target]).copied().ok_or("there is no such class");
    Ok(targets.iter().enumerate().map(logit).collect::<Result<_, _>>()?)
}

/// Skin, a round lesion, and a blue ruler: `[1, 3, SIDE, SIDE]`.
fn picture() -> Array4<f32> {
    Array4::from_shape_fn((1, 3, SIDE, SIDE), |(_, channel, row, column)| {
        let [rows, columns] = RULER;
        let colour = match (row.abs_diff(20).pow(2) + column.abs_diff(16).pow(2)).isqrt() {
            _ if rows.contains(&row) && columns.contains(&column) => [0.2, 0.4, 0.9],
            ..=6 => [0.6, 0.2, 0.1],
            _ => [0.9, 0.7, 0.6],
        };
        colour[channel]
    })
}

/// The share of a map's positive values that lies on the ruler. Fails if it is not more than half; the ruler covers less than a
/// tenth of the picture.
fn share_on_ruler(map: &Array2<f32>) -> Result<f32, Failure> {
    let map = map.mapv(|value| value.max(0.0));
    let [rows, columns] = RULER;
    let share = map.slice(s![rows, columns]).sum() / map.sum();
    if share > 0.5 { Ok(share) } else { Err(format!("only {share:.2} of the map lies on the ruler").into()) }
}

fn main() -> Result<(), Failure> {
    let library =
        env::var("ORT_DYLIB_PATH").map_err(|_| "set ORT_DYLIB_PATH to the library of ONNX Runtime")?;
    let environment = ort::init_from(library).map_err(|error| error.to_string())?.build()?;
    let session = RefCell::new(Session::builder(&environment)?.commit_from_file(MODEL)?);
    let classifier = ArrayClassifier::new(|pictures: ArrayView4<'_, f32>, targets: &[usize]| {
        scores(&mut session.borrow_mut(), pictures, targets)
    });

    let values: Vec<f32> = picture().into_iter().collect();
    let input = tch::Tensor::from_slice(&values).view([1, 3, SIDE as i64, SIDE as i64]);
    let score = classifier.scores(&input, &[MELANOMA])?;
    println!("score for melanoma: {:.2}", score.double_value(&[0]));

    let found = Occlusion::default().attribute(&classifier, &input, &[MELANOMA])?;
    let share = share_on_ruler(&found.map(0, Reduction::Sum)?)?;
    println!("Occlusion: {:.0} % of the map lies on the ruler", 100.0 * share);

    let found = KernelShap::default().attribute(&classifier, &input, &[MELANOMA])?;
    let share = share_on_ruler(&found.map(0, Reduction::Sum)?)?;
    println!("Kernel SHAP: {:.0} % of the map lies on the ruler", 100.0 * share);

    // Completeness: the attributions sum to the score minus that of the baseline, a black picture.
    let gap = found.gaps.ok_or("Kernel SHAP has gaps")?[0];
    println!("distance from completeness: {:.1} %", 100.0 * gap.relative);
    if gap.relative > 0.01 {
        return Err("the attributions do not sum to the difference of the scores".into());
    }
    Ok(())
}
