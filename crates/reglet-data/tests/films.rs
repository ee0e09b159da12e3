//! Generated chest films: what is in them, where, and what a change of the marker touches.

use reglet_data::Dataset;
use reglet_data::edit::Change;
use reglet_data::film::{FilmOptions, Films};

fn films() -> Films {
    Films::new(FilmOptions { count: 16, size: 64, ..FilmOptions::default() }).expect("sound options")
}

#[test]
fn a_film_without_its_marker_differs_where_the_marker_is() {
    let films = films();
    assert_eq!(films.redraws(), Some("marker"));
    let mut kinds = [0; 4];
    for index in 0..films.len() {
        let sample = films.sample(index).expect("drawn");
        let marker = films.flag(index, "marker").expect("it is known");
        assert_eq!((sample.shows("fluid"), sample.shows("marker")), (Some(sample.label == 1), Some(marker)));
        kinds[2 * sample.label + usize::from(marker)] += 1;
        let change = if marker { Change::Remove } else { Change::Insert };
        let edited = films.redraw(index, change, 3).expect("it can be changed");
        let differs = |x, y| sample.picture.get_pixel(x, y) != edited.picture.get_pixel(x, y);
        let all = || (0..64).flat_map(|y| (0..64).map(move |x| (x, y)));
        assert!(all().all(|(x, y)| edited.region.get(x, y) || !differs(x, y)), "film {index}");
        assert!(all().filter(|&(x, y)| differs(x, y)).count() > 10, "film {index}");
        assert_eq!(films.redraw(index, Change::Control, 3), None);
    }
    assert_eq!(kinds, [4; 4], "as many of each kind");
}

#[test]
fn fluid_makes_one_lung_brighter_than_the_other() {
    let films = films();
    let mut more = Vec::new();
    for index in (1..films.len()).step_by(2) {
        let sample = films.sample(index).expect("drawn");
        let fluid = &sample.regions["fluid"];
        assert!(fluid.area() > 20 && fluid.iter().all(|(_, y)| y > 24), "film {index}");
        let level = |x: u32, y: u32| f64::from(sample.picture.get_pixel(x, y)[0]);
        let apart: f64 = fluid.iter().map(|(x, y)| level(x, y) - level(63 - x, y)).sum();
        more.push(apart / fluid.area() as f64);
    }
    let mean = more.iter().sum::<f64>() / more.len() as f64;
    assert!(mean > 15.0, "{more:?}");
}

#[test]
fn options_that_cannot_be_are_refused_and_others_give_other_films() {
    for options in [
        FilmOptions { count: 0, ..FilmOptions::default() },
        FilmOptions { size: 3, ..FilmOptions::default() },
        FilmOptions { marker_given_normal: 1.5, ..FilmOptions::default() },
    ] {
        Films::new(options).expect_err("no film");
    }
    let other =
        Films::new(FilmOptions { count: 16, size: 64, seed: 1, ..FilmOptions::default() }).expect("sound");
    assert_ne!(films().fingerprint().expect("no file"), other.fingerprint().expect("no file"));
    assert_ne!(films().picture(0).expect("drawn"), other.picture(0).expect("drawn"));
    assert_eq!(films().picture(0).expect("drawn"), films().picture(0).expect("drawn"));
}
