//! Against Quantus, Captum, pytorch-grad-cam and SciPy (`tests/reference/make_metrics.py`), and properties.

use ndarray::{Array2, Array3};
use proptest::prelude::{prop, prop_assert, proptest};
use reglet_metrics::{
    Completeness, Localisation, MetricError, complexity, deletion, gaussian, gini, impute, infidelity,
    insertion, morans_i, nearby, road, sensitivity_max, sobel, spearman, top_overlap,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    located: Vec<Located>,
    model: Network,
    input: Vec<Vec<Vec<f32>>>,
    gradient: Vec<Vec<Vec<f32>>>,
    map: Vec<Vec<f32>>,
    perturbations: Vec<Vec<Vec<Vec<f32>>>>,
    infidelity: f64,
    near: Vec<Vec<Vec<Vec<f32>>>>,
    explained: Vec<Vec<Vec<Vec<f32>>>>,
    sensitivity_max: f64,
    deletion: Vec<f64>,
    insertion: Vec<f64>,
    deletion_area: f64,
    removed: Vec<Vec<bool>>,
    imputed: Vec<Vec<Vec<f32>>>,
    spearman: Vec<Correlated>,
    sobel: Vec<Vec<f32>>,
    morans_i: Vec<f64>,
}

#[derive(Deserialize)]
struct Located {
    map: Vec<Vec<f32>>,
    mask: Vec<Vec<bool>>,
    mass: f64,
    rank_accuracy: f64,
    pointing: f64,
    auc: f64,
    gini: f64,
    complexity: f64,
}

#[derive(Deserialize)]
struct Correlated {
    other: Vec<Vec<f32>>,
    value: f64,
}

/// tanh(x·W)·v, the second of two classes.
#[derive(Deserialize)]
struct Network {
    w: Vec<Vec<f64>>,
    v: Vec<Vec<f64>>,
}

impl Network {
    fn score(&self, pictures: &[Array3<f32>]) -> Vec<f64> {
        let hidden = |picture: &Array3<f32>, unit: usize| {
            picture.iter().zip(&self.w).map(|(x, row)| f64::from(*x) * row[unit]).sum::<f64>().tanh()
        };
        let score =
            |picture| self.v.iter().enumerate().map(|(unit, row)| hidden(picture, unit) * row[1]).sum();
        pictures.iter().map(score).collect()
    }
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("fixtures/reference.json")).expect("the reference is committed")
}

fn plane<T: Clone>(rows: &[Vec<T>]) -> Array2<T> {
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).expect("rows of one length")
}

fn volume(channels: &[Vec<Vec<f32>>]) -> Array3<f32> {
    let shape = (channels.len(), channels[0].len(), channels[0][0].len());
    Array3::from_shape_vec(shape, channels.concat().concat()).expect("channels of one size")
}

fn close(found: f64, expected: f64, what: &str) {
    let allowed = 1e-5 * expected.abs().max(1.0);
    assert!((found - expected).abs() <= allowed, "{what}: {found}, expected {expected}");
}

#[test]
fn localisation_and_complexity_are_quantus() {
    for case in reference().located {
        let (map, mask) = (plane(&case.map), plane(&case.mask));
        let found = Localisation::new(map.view(), mask.view()).expect("fit");
        close(found.mass().expect("positive"), case.mass, "mass");
        close(found.density().expect("positive"), case.mass / found.fraction(), "density");
        close(found.rank_accuracy(), case.rank_accuracy, "rank accuracy");
        close(found.pointing(0), case.pointing, "pointing game");
        close(found.auc().expect("both"), case.auc, "AUC");
        // Quantus adds 1e-7 to each value before it divides.
        close(gini(map.view()).expect("positive"), case.gini, "Gini");
        close(complexity(map.view()).expect("positive"), case.complexity, "complexity");
    }
}

#[test]
fn faithfulness_and_sensitivity_are_captums() {
    let reference = reference();
    let (input, gradient) = (volume(&reference.input), volume(&reference.gradient));
    let score = |pictures: &[Array3<f32>]| Ok(reference.model.score(pictures));
    let perturbations: Vec<Array3<f32>> = reference.perturbations.iter().map(|one| volume(one)).collect();
    let found = infidelity(gradient.view(), input.view(), &perturbations, score).expect("valid");
    close(found, reference.infidelity, "infidelity");
    let explained: Vec<Array3<f32>> = reference.explained.iter().map(|one| volume(one)).collect();
    assert_eq!(explained.len(), reference.near.len() + 1);
    close(sensitivity_max(&explained).expect("valid"), reference.sensitivity_max, "sensitivity-max");
}

#[test]
fn curves_follow_the_map_s_order() {
    let reference = reference();
    let (map, input) = (plane(&reference.map), volume(&reference.input));
    let baseline = Array3::zeros(input.dim());
    let score = |pictures: &[Array3<f32>]| Ok(reference.model.score(pictures));
    let gone = deletion(map.view(), input.view(), baseline.view(), 8, score).expect("valid");
    let come = insertion(map.view(), input.view(), baseline.view(), 8, score).expect("valid");
    for (found, expected) in gone.scores.iter().zip(&reference.deletion) {
        close(*found, *expected, "deletion");
    }
    for (found, expected) in come.scores.iter().zip(&reference.insertion) {
        close(*found, *expected, "insertion");
    }
    assert_eq!((gone.shares.len(), gone.shares[4], gone.scores.len()), (9, 0.5, reference.deletion.len()));
    close(gone.area(), reference.deletion_area, "area");
    // More steps than pixels are as many as there are.
    let fine = deletion(map.view(), input.view(), baseline.view(), 1000, score).expect("valid");
    assert_eq!(fine.shares.len(), map.len() + 1);
}

#[test]
fn imputation_is_pytorch_grad_cams() {
    let reference = reference();
    let (input, removed) = (volume(&reference.input), plane(&reference.removed));
    let filled = impute(input.view(), removed.view(), 0.0, 1).expect("something is left");
    let expected = volume(&reference.imputed);
    for ((place, found), expected) in filled.indexed_iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-3, "{place:?}: {found}, expected {expected}");
    }
    let noisy = impute(input.view(), removed.view(), 0.1, 1).expect("something is left");
    for ((channel, row, column), value) in noisy.indexed_iter() {
        let same = *value == input[[channel, row, column]];
        assert_eq!(same, !removed[[row, column]], "only what is removed changes");
    }
    assert_eq!(noisy, impute(input.view(), removed.view(), 0.1, 1).expect("the same again"));
    let score = |pictures: &[Array3<f32>]| Ok(reference.model.score(pictures));
    let map = plane(&reference.map);
    let found = road(map.view(), input.view(), 20.0 / 64.0, 0.0, 1, score).expect("valid");
    let expected = reference.model.score(&[expected, input.clone()]);
    assert!((found - (expected[0] - expected[1])).abs() < 1e-3);
}

/// A slope in one direction is the mean of its neighbours everywhere, also at the two borders along which it rises, so it is the
/// only solution between two kept columns.
#[test]
fn a_wide_gap_is_filled_exactly() {
    let size = (3, 24, 224);
    let slope = Array3::from_shape_fn(size, |(channel, _, x)| channel as f32 + (x as f32 - 80.0) / 50.0);
    let removed = Array2::from_shape_fn((24, 224), |(_, x)| (1..223).contains(&x));
    let mut holed = slope.clone();
    for (place, value) in holed.indexed_iter_mut() {
        if removed[[place.1, place.2]] {
            *value = f32::NAN;
        }
    }
    let filled = impute(holed.view(), removed.view(), 0.0, 1).expect("something is left");
    for (found, expected) in filled.iter().zip(&slope) {
        assert!((found - expected).abs() < 1e-5, "{found}, expected {expected}");
    }
    // A picture of one colour stays as it is, exactly.
    let plain = Array3::from_elem(size, 0.1_f32);
    assert_eq!(impute(plain.view(), removed.view(), 0.0, 1), Ok(plain));
    let mut broken = slope;
    broken[[2, 0, 0]] = f32::INFINITY;
    assert_eq!(impute(broken.view(), removed.view(), 0.0, 1), Err(MetricError::NotFinite));
}

#[test]
fn a_small_share_is_a_pixel() {
    let map = Array2::from_shape_fn((4, 4), |(y, x)| f32::from(u8::from((y, x) == (2, 1))));
    let input = Array3::from_shape_fn((1, 4, 4), |(_, y, x)| (y * x) as f32);
    let road = |share| {
        let score = |pictures: &[Array3<f32>]| {
            let changed = pictures[1].indexed_iter().filter(|(place, value)| **value != pictures[0][*place]);
            assert_eq!(changed.map(|(place, _)| place).collect::<Vec<_>>(), [(0, 2, 1)]);
            Ok(pictures.iter().map(|picture| f64::from(picture[[0, 2, 1]])).collect())
        };
        road(map.view(), input.view(), share, 1.0, 7, score).expect("valid")
    };
    assert_ne!(road(0.02), 0.0);
    assert_eq!(road(0.02), road(1.0 / 16.0));
}

#[test]
fn similarity_is_scipys() {
    let reference = reference();
    let map = plane(&reference.map);
    for case in reference.spearman {
        let found = spearman(map.view(), plane(&case.other).view()).expect("valid");
        close(found, case.value, "Spearman");
    }
    assert_eq!(spearman(map.view(), Array2::zeros(map.dim()).view()), Err(MetricError::Constant));
    assert_eq!(top_overlap(map.view(), map.view(), 0.1), Ok(1.0));
    assert_eq!(top_overlap(map.view(), map.mapv(|value| -value).view(), 0.25), Ok(0.0));
}

#[test]
fn equal_values_overlap_by_chance_alone() {
    let only = |place: [usize; 2]| {
        let mut map = Array2::zeros((10, 10));
        map[place] = 1.0_f32;
        map
    };
    let (one, other) = (only([1, 2]), only([7, 5]));
    let found =
        |a: &Array2<f32>, b: &Array2<f32>, share| top_overlap(a.view(), b.view(), share).expect("valid");
    // Nine of the other 99 pixels are drawn: the two pixels are common with probability 1/11, the others with 1/121.
    close(found(&one, &other, 0.1), (2.0 / 11.0 + 98.0 / 121.0) / 10.0, "different pixels");
    close(found(&one, &one, 0.1), (1.0 + 99.0 / 121.0) / 10.0, "the same pixel");
    // Without room for a pixel that is not positive, nothing is drawn.
    assert_eq!((found(&one, &one, 0.01), found(&one, &other, 0.01)), (1.0, 0.0));
    assert_eq!(found(&one, &other, 1.0), 1.0);
    // 0 and −0 are equal.
    let negative = one.mapv(|value| if value == 0.0 { -0.0 } else { value });
    assert_eq!(found(&negative, &other, 0.1), found(&one, &other, 0.1));
    let zeros = Array2::zeros((10, 10));
    assert_eq!(top_overlap(zeros.view(), one.view(), 0.1), Err(MetricError::Constant));
    assert_eq!(top_overlap(one.view(), zeros.view(), 0.1), Err(MetricError::Constant));
}

#[test]
fn what_is_not_defined_is_an_error() {
    let map = plane(&[vec![0.2_f32, 0.8], vec![0.1, 0.3]]);
    let nowhere = Array2::from_elem((2, 2), false);
    let everywhere = Array2::from_elem((2, 2), true);
    let fails = |map: &Array2<f32>, region: &Array2<bool>| {
        Localisation::new(map.view(), region.view()).expect_err("refused")
    };
    assert_eq!(fails(&map, &nowhere), MetricError::EmptyRegion);
    assert!(matches!(fails(&map, &Array2::from_elem((3, 2), true)), MetricError::Shape { .. }));
    assert_eq!(fails(&map.mapv(|value| value / 0.0 - f32::INFINITY), &everywhere), MetricError::NotFinite);
    let whole = Localisation::new(map.view(), everywhere.view()).expect("fit");
    assert_eq!((whole.mass(), whole.auc()), (Ok(1.0), Err(MetricError::WholePicture)));
    let zeros = Array2::zeros((2, 2));
    let void = Localisation::new(zeros.view(), everywhere.view()).expect("fit");
    assert_eq!(void.mass(), Err(MetricError::NothingPositive));
    assert_eq!(gini(zeros.view()), Err(MetricError::NothingPositive));
    let input = Array3::zeros((1, 2, 2));
    let silent = |_: &[Array3<f32>]| Ok(Vec::new());
    assert!(matches!(
        deletion(map.view(), input.view(), input.view(), 2, silent),
        Err(MetricError::Shape { .. })
    ));
    let void = zeros.view();
    assert_eq!(deletion(void, input.view(), input.view(), 2, silent), Err(MetricError::Constant));
    assert_eq!(insertion(void, input.view(), input.view(), 2, silent), Err(MetricError::Constant));
    assert_eq!(road(void, input.view(), 0.2, 0.0, 0, silent), Err(MetricError::Constant));
    assert!(matches!(
        road(map.view(), input.view(), 1.5, 0.0, 0, silent),
        Err(MetricError::Parameter { parameter: "share", .. })
    ));
    assert!(matches!(
        infidelity(input.view(), input.view(), &[], silent),
        Err(MetricError::Parameter { .. })
    ));
    for wrong in [f32::NAN, f32::INFINITY].map(|value| Array3::from_elem((1, 2, 2), value)) {
        let found = infidelity(wrong.view(), input.view(), std::slice::from_ref(&input), silent);
        assert_eq!(found, Err(MetricError::NotFinite));
        assert_eq!(infidelity(input.view(), input.view(), &[wrong], silent), Err(MetricError::NotFinite));
    }
    for alone in [vec![], vec![Array3::ones((1, 2, 2))]] {
        let expected = MetricError::Parameter {
            parameter: "explained",
            value: alone.len() as f64,
            expected: "at least 2: the input and one near it",
        };
        assert_eq!(sensitivity_max(&alone), Err(expected));
    }
    let sound = Array3::ones((1, 2, 2));
    for wrong in [f32::NAN, f32::INFINITY].map(|value| Array3::from_elem((1, 2, 2), value)) {
        assert_eq!(sensitivity_max(&[wrong.clone(), sound.clone()]), Err(MetricError::NotFinite));
        assert_eq!(sensitivity_max(&[sound.clone(), wrong]), Err(MetricError::NotFinite));
    }
    assert_eq!(impute(input.view(), everywhere.view(), 0.0, 0), Err(MetricError::WholePicture));
}

#[test]
fn a_near_hit_counts_within_the_tolerance() {
    let mut map = Array2::zeros((9, 9));
    map[[4, 4]] = 1.0;
    let mut region = Array2::from_elem((9, 9), false);
    region[[4, 7]] = true;
    let found = |tolerance| Localisation::new(map.view(), region.view()).expect("fit").pointing(tolerance);
    assert_eq!([found(0), found(2), found(3), found(usize::MAX)], [0.0, 0.0, 1.0, 1.0]);
    map[[4, 7]] = 1.0;
    let tied = Localisation::new(map.view(), region.view()).expect("fit").pointing(0);
    assert_eq!(tied, 0.5, "one of two highest pixels hits");
}

#[test]
fn completeness_is_the_sum_less_what_it_explains() {
    let attribution = Array3::from_elem((3, 2, 2), 0.25_f32);
    let found = Completeness::of(attribution.view(), 5.0, 1.0);
    assert_eq!((found.absolute, found.relative), (-1.0, 0.25));
    assert_eq!(Completeness::of(attribution.view(), 1.0, 1.0).relative, f64::INFINITY);
    assert_eq!(Completeness::of(attribution.view(), 4.0, 1.0).relative, 0.0);
    assert_eq!(Completeness::of(Array3::zeros((1, 2, 2)).view(), 1.0, 1.0).relative, 0.0);
}

#[test]
fn perturbations_are_fixed_by_their_seed() {
    let noise = gaussian((3, 16, 16), 0.5, 4, 9);
    assert_eq!(noise, gaussian((3, 16, 16), 0.5, 4, 9));
    let all: Vec<f64> = noise.iter().flatten().map(|value| f64::from(*value)).collect();
    let variance = all.iter().map(|value| value * value).sum::<f64>() / all.len() as f64;
    assert!((variance.sqrt() - 0.5).abs() < 0.03, "{variance}");
    let input = Array3::from_elem((3, 4, 4), 2.0_f32);
    let near = nearby(input.view(), 0.02, 5, 1);
    assert_eq!(near, nearby(input.view(), 0.02, 5, 1));
    assert!(near.iter().flatten().all(|value| (value - 2.0).abs() <= 0.02 + 1e-6));
}

proptest! {
    /// Which way a map is scaled says nothing of where it lies.
    #[test]
    fn localisation_does_not_depend_on_the_map_s_unit(
        values in prop::collection::vec(0.0_f32..1.0, 36),
        inside in prop::collection::vec(prop::bool::weighted(0.3), 36),
        unit in 0.1_f32..100.0,
    ) {
        let map = Array2::from_shape_vec((6, 6), values).expect("36");
        let region = Array2::from_shape_vec((6, 6), inside).expect("36");
        let scaled = map.mapv(|value| value * unit);
        let pair = (Localisation::new(map.view(), region.view()), Localisation::new(scaled.view(), region.view()));
        if let (Ok(one), Ok(other)) = pair {
            prop_assert!((one.mass().expect("positive") - other.mass().expect("positive")).abs() < 1e-5);
            prop_assert!((one.rank_accuracy() - other.rank_accuracy()).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&one.rank_accuracy()));
            // A density of 1 is what the whole picture has.
            prop_assert!(one.density().expect("positive") <= 1.0 / one.fraction() + 1e-9);
        }
    }
}

#[test]
fn edges_are_scipys() {
    let reference = reference();
    let found = sobel(plane(&reference.map).view()).expect("finite");
    for (found, expected) in found.iter().zip(plane(&reference.sobel).iter()) {
        close(f64::from(*found), f64::from(*expected), "edge");
    }
    assert!(sobel(Array2::from_elem((3, 3), f32::NAN).view()).is_err());
}

#[test]
fn regions_are_told_from_speckles() {
    let reference = reference();
    let found = morans_i(plane(&reference.map).view()).expect("not constant");
    close(found, reference.morans_i[0], "Moran's I");
    let tied = plane(&reference.spearman[1].other);
    close(morans_i(tied.view()).expect("not constant"), reference.morans_i[1], "Moran's I");
    let board = Array2::from_shape_fn((6, 8), |(y, x)| ((x + y) % 2) as f32);
    close(morans_i(board.view()).expect("not constant"), -1.0, "chequerboard");
    let halves = Array2::from_shape_fn((40, 40), |(_, x)| f32::from(u8::from(x < 20)));
    // Of 2 · 39 · 40 pairs, 40 cross the border.
    close(morans_i(halves.view()).expect("not constant"), 1.0 - 2.0 * 40.0 / 3120.0, "halves");
    assert_eq!(morans_i(Array2::zeros((3, 3)).view()), Err(MetricError::Constant));
}
