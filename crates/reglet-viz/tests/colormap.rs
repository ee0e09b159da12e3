//! The colour maps against matplotlib's, and the reading of their names.

use image::Rgb;
use reglet_viz::{Colormap, VizError};

#[test]
fn every_place_has_matplotlibs_color() {
    let mut compared = 0;
    for line in include_str!("fixtures/colormaps.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        // The fixture calls the diverging map by matplotlib's name, in small letters.
        let colormap: Colormap = fields[0].parse().expect("the fixture names only maps that exist");
        let place: f32 = fields[1].parse().expect("the fixture's place is a number");
        let channel = |index: usize| fields[index].parse::<u8>().expect("the fixture's channels are bytes");
        let expected = Rgb([channel(2), channel(3), channel(4)]);
        assert_eq!(colormap.color(place), expected, "{colormap} at {place}");
        compared += 1;
    }
    assert_eq!(compared, 7 * 73);
}

/// Entries from the maps' own definitions, times 255 and rounded down as matplotlib does: viridis and inferno from the
/// floats of Smith and van der Walt (inferno ends at 0.988362, 0.998364, 0.644924), jet and gray from the corners of
/// their lines, RdBu's ends from Brewer's eleven-class scheme.
#[test]
fn well_known_entries() {
    assert_eq!(Colormap::Viridis.entry(0), Rgb([68, 1, 84]));
    assert_eq!(Colormap::Viridis.entry(255), Rgb([253, 231, 36]));
    assert_eq!(Colormap::Inferno.entry(255), Rgb([252, 254, 164]));
    assert_eq!(Colormap::Jet.entry(0), Rgb([0, 0, 127]));
    assert_eq!(Colormap::Gray.entry(128), Rgb([128, 128, 128]));
    assert_eq!(Colormap::RdBu.entry(0), Rgb([5, 48, 97]));
    assert_eq!(Colormap::RdBu.entry(255), Rgb([103, 0, 31]));
}

#[test]
fn places_outside_the_range_take_the_nearest_end() {
    for colormap in Colormap::ALL {
        assert_eq!(colormap.color(-0.1), colormap.entry(0));
        assert_eq!(colormap.color(f32::NAN), colormap.entry(0));
        assert_eq!(colormap.color(f32::NEG_INFINITY), colormap.entry(0));
        assert_eq!(colormap.color(1.0), colormap.entry(255));
        assert_eq!(colormap.color(f32::INFINITY), colormap.entry(255));
    }
}

#[test]
fn names_are_read_back() {
    for colormap in Colormap::ALL {
        let read: Colormap = colormap.to_string().to_uppercase().parse().expect("its own name");
        assert_eq!(read, colormap);
    }
    assert_eq!("grey".parse::<Colormap>().expect("the British spelling"), Colormap::Gray);
    assert_eq!("RdBu_r".parse::<Colormap>().expect("matplotlib's name"), Colormap::RdBu);
}

#[test]
fn a_slip_of_the_finger_is_answered_with_the_nearest_names() {
    let message = |name: &str| name.parse::<Colormap>().expect_err("no such map").to_string();
    assert_eq!(message("infrno"), "there is no colour map \"infrno\"; did you mean \"inferno\"?");
    assert_eq!(message("virdis"), "there is no colour map \"virdis\"; did you mean \"viridis\"?");
    let Err(VizError::UnknownColormap { nearest, .. }) = "rainbow brite".parse::<Colormap>() else {
        panic!("an unknown name must be refused as one");
    };
    assert_eq!(nearest.len(), Colormap::ALL.len(), "a name like no other is answered with all there are");
}
