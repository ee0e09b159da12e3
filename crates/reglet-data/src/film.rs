//! Generated chest films: lungs between ribs, a fluid level in some, and a side marker near a corner.
//!
//! [`Films`] is a data set of them. As with the [phantoms](crate::phantom), everything about them is known: which have
//! fluid, where the marker is, and how the same film looks without it. They are grey pictures of 16 bits, for models of one
//! channel.
//!
//! ```
//! use reglet_data::Dataset;
//! use reglet_data::film::{FilmOptions, Films};
//!
//! let films = Films::new(FilmOptions { count: 8, size: 64, ..FilmOptions::default() })?;
//! let sample = films.sample(3)?;
//! assert_eq!(films.classes()[sample.label], "effusion");
//! assert_eq!(sample.shows("marker"), Some(true));
//! assert!(sample.picture.rest().is_some(), "there is more to it than 8 bits");
//! # Ok::<(), reglet_data::DataError>(())
//! ```
//!
//! # What tells the classes apart
//!
//! The fluid is at the base of one lung; its height and density are random and sometimes very small. [`FilmOptions`]
//! determines how strongly the marker is associated with the class. The generator's version is part of the data set's
//! fingerprint.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::edit::{Change, Edited};
use crate::phantom::{Dice, PhantomError, Point, fractal, grain};
use crate::picture::Picture;
use crate::{DataError, Dataset, Mask, Sample};

/// A data set of generated films, each drawn on request.
///
/// Classes: `normal` (0) and `effusion` (1). Regions: `fluid`, `marker`.
#[derive(Debug, Clone)]
pub struct Films {
    options: FilmOptions,
    classes: [String; 2],
    regions: [String; 2],
    ids: Vec<String>,
}

/// The parameters of the films.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FilmOptions {
    /// The number of pictures; 1 to 1,000,000. Every second one shows an effusion.
    pub count: usize,
    /// Width and height of a picture in pixels; 16 to 4096.
    pub size: u32,
    /// The seed of all pictures; another seed gives other pictures.
    pub seed: u64,
    /// The share of films with an effusion that have a marker; 0 to 1.
    pub marker_given_effusion: f64,
    /// The share of normal films that have a marker; 0 to 1.
    pub marker_given_normal: f64,
}

impl Default for FilmOptions {
    /// 200 pictures of 96×96 pixels, in equal shares with and without fluid, with and without a marker.
    fn default() -> Self {
        Self { count: 200, size: 96, seed: 0, marker_given_effusion: 0.5, marker_given_normal: 0.5 }
    }
}

/// Part of the fingerprint: must be incremented whenever the same options give other pictures than before.
const GENERATOR: &str = "reglet films 1";

/// One film. Positions and lengths are in units in which the film extends from -1 to 1.
#[derive(Debug, Clone, PartialEq)]
struct Film {
    /// Centre and half axes of each lung.
    lungs: [[f32; 4]; 2],
    /// How much darker lungs are than the rest.
    air: f32,
    /// How many ribs there are from top to bottom, and how much of them shows.
    ribs: [f32; 2],
    fluid: Option<Fluid>,
    marker: Option<Marker>,
    texture: u32,
}

/// Fluid in one lung.
#[derive(Debug, Clone, PartialEq)]
struct Fluid {
    /// Which lung.
    lung: usize,
    /// Where its surface is, and how much brighter it is.
    surface: f32,
    density: f32,
}

/// A letter of lead.
#[derive(Debug, Clone, PartialEq)]
struct Marker {
    letter: Letter,
    centre: Point,
    /// Half its height.
    half: f32,
    brightness: f32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Letter {
    L,
    R,
}

impl Letter {
    /// Its rows from top to bottom, five places each, the leftmost in the highest bit.
    fn rows(self) -> [u8; 7] {
        match self {
            Letter::L => [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111],
            Letter::R => [0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001],
        }
    }
}

impl Marker {
    fn draw(dice: &mut Dice) -> Marker {
        let left = dice.chance(0.5);
        let side = if left { -1.0 } else { 1.0 };
        let centre = Point::new(side * dice.between(0.72, 0.82), dice.between(-0.84, -0.7));
        // The letter names the patient's side, who faces the reader.
        let letter = if left { Letter::R } else { Letter::L };
        Marker { letter, centre, half: dice.between(0.1, 0.13), brightness: dice.between(0.88, 0.98) }
    }

    /// Whether a position is on the marker's plate, and whether it is on its letter.
    fn at(&self, place: Point) -> (bool, bool) {
        let (x, y) = ((place.x - self.centre.x) / self.half, (place.y - self.centre.y) / self.half);
        let on_plate = x.abs() < 0.95 && y.abs() < 1.25;
        let (column, row) = ((x / 1.4 + 0.5) * 5.0, (y / 2.0 + 0.5) * 7.0);
        let within = (0.0..5.0).contains(&column) && (0.0..7.0).contains(&row);
        let on_letter = within && self.letter.rows()[row as usize] >> (4 - column as u32) & 1 == 1;
        (on_plate, on_letter)
    }
}

impl Film {
    fn draw(seed: u64, index: u64, effusion: bool, marker: bool) -> Film {
        let mut dice = Dice::new(seed, index, "body");
        let mut lung = |side: f32| {
            let middle = side * dice.between(0.36, 0.44);
            [middle, dice.between(-0.12, 0.02), dice.between(0.25, 0.32), dice.between(0.58, 0.72)]
        };
        let lungs = [lung(-1.0), lung(1.0)];
        let (air, ribs) = (dice.between(0.3, 0.42), [dice.between(8.0, 11.0), dice.between(0.02, 0.05)]);
        let texture = dice.word();
        let mut dice = Dice::new(seed, index, "fluid");
        let fluid = effusion.then(|| Fluid {
            lung: usize::from(dice.chance(0.5)),
            surface: dice.between(0.05, 0.35),
            density: dice.normal(0.2, 0.06).max(0.05),
        });
        let marker = marker.then(|| Marker::draw(&mut Dice::new(seed, index, "marker")));
        Film { lungs, air, ribs, fluid, marker, texture }
    }

    /// The film in levels from 0 to 65535, and where fluid and marker are.
    fn render(&self, size: u32) -> Result<(Picture, BTreeMap<String, Mask>), DataError> {
        let pixels = size as f32;
        let (mut levels, mut fluid, mut marker) = (Vec::new(), Vec::new(), Vec::new());
        for y in 0..size {
            for x in 0..size {
                let place = [x, y].map(|at| (2.0 * at as f32 + 1.0) / pixels - 1.0);
                let at = Point::new(place[0], place[1]);
                let (level, wet) = self.level(at, pixels);
                let (on_plate, on_letter) =
                    self.marker.as_ref().map_or((false, false), |marker| marker.at(at));
                let brightness = self.marker.as_ref().map_or(0.0, |marker| marker.brightness);
                let level = match (on_plate, on_letter) {
                    (_, true) => brightness,
                    (true, false) => level + 0.08,
                    _ => level,
                };
                let level = level + 0.02 * grain(x, y, self.texture);
                levels.push((65535.0 * level.clamp(0.0, 1.0)).round() as u16);
                fluid.push(wet);
                marker.push(on_plate);
            }
        }
        let picture = Picture::of_grey(size, size, &levels).ok_or(PhantomError::Size { size })?;
        let masks = [("fluid", fluid), ("marker", marker)]
            .map(|(name, inside)| Ok::<_, DataError>((name.to_owned(), Mask::new(size, size, inside)?)));
        Ok((picture, masks.into_iter().collect::<Result<_, _>>()?))
    }

    /// How bright the body is at a place, 0 to 1, and whether there is fluid.
    fn level(&self, at: Point, pixels: f32) -> (f32, bool) {
        let rise = |from: f32, to: f32, value: f32| {
            let share = ((value - from) / (to - from)).clamp(0.0, 1.0);
            share * share * (3.0 - 2.0 * share)
        };
        let bump = |x: f32, y: f32, wide: f32, high: f32| {
            (-((at.x - x) / wide).powi(2) - ((at.y - y) / high).powi(2)).exp()
        };
        let body = 1.0 - rise(0.8, 1.0, at.x.abs() + 0.1 * at.y.abs());
        let mut level = 0.12 + 0.48 * body + 0.1 * bump(0.0, at.y, 0.1, 1.0);
        level += 0.05 * fractal(at, 2.5, 4, pixels, self.texture);
        let mut wet = false;
        for (number, &[x, y, wide, high]) in self.lungs.iter().enumerate() {
            let far = ((at.x - x) / wide).powi(2) + ((at.y - y) / high).powi(2);
            let inside = 1.0 - rise(0.8, 1.15, far);
            level -= self.air * inside;
            let [ribs, shown] = self.ribs;
            level += shown * inside * (ribs * (at.y + 0.5 * (at.x - x).powi(2)) * std::f32::consts::PI).sin();
            if let Some(fluid) = self.fluid.as_ref().filter(|fluid| fluid.lung == number) {
                // The surface rises towards the wall.
                let depth = at.y - fluid.surface + 0.3 * (at.x.abs() - x.abs());
                level += fluid.density * inside * rise(-0.05, 0.1, depth);
                wet |= inside > 0.5 && depth > 0.0;
            }
        }
        (level + 0.2 * bump(0.1, 0.3, 0.24, 0.3), wet)
    }
}

impl Films {
    /// The films of these options; none has been drawn yet.
    ///
    /// # Errors
    /// A probability that is not between 0 and 1, or an invalid number or size of pictures.
    pub fn new(options: FilmOptions) -> Result<Self, PhantomError> {
        let probabilities = [
            ("marker_given_effusion", options.marker_given_effusion),
            ("marker_given_normal", options.marker_given_normal),
        ];
        PhantomError::check(options.count, options.size, &probabilities)?;
        let ids = (0..options.count).map(|index| format!("film-{index:05}")).collect();
        Ok(Self {
            options,
            classes: ["normal", "effusion"].map(String::from),
            regions: ["fluid", "marker"].map(String::from),
            ids,
        })
    }

    /// Whether there is fluid, and whether a marker: shares are kept to within one picture, for any count.
    fn kind(&self, index: usize) -> (bool, bool) {
        let effusion = index % 2 == 1;
        let share =
            if effusion { self.options.marker_given_effusion } else { self.options.marker_given_normal };
        let due = |place: usize| (share * place as f64).floor() as usize;
        (effusion, due(index / 2 + 1) > due(index / 2))
    }

    fn film(&self, index: usize) -> Option<Film> {
        let (effusion, marker) = self.kind(index);
        (index < self.options.count).then(|| Film::draw(self.options.seed, index as u64, effusion, marker))
    }
}

impl Dataset for Films {
    fn name(&self) -> &str {
        "films"
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn regions(&self) -> &[String] {
        &self.regions
    }

    fn len(&self) -> usize {
        self.options.count
    }

    fn id(&self, index: usize) -> &str {
        &self.ids[index]
    }

    fn label(&self, index: usize) -> usize {
        usize::from(self.kind(index).0)
    }

    fn flag(&self, index: usize, region: &str) -> Option<bool> {
        match region {
            "marker" => Some(self.kind(index).1),
            "fluid" => Some(self.kind(index).0),
            _ => None,
        }
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        let film = self.film(index).ok_or_else(|| DataError::Index {
            name: self.name().to_owned(),
            index,
            len: self.len(),
        })?;
        let (picture, regions) = film.render(self.options.size)?;
        let drawn_from = format!("{GENERATOR}\n{} {film:?}\n", self.options.size);
        Ok(Sample {
            id: self.ids[index].clone(),
            picture,
            label: self.label(index),
            sha256: HEXLOWER.encode(&Sha256::digest(drawn_from)),
            mask_sha256: BTreeMap::new(),
            regions,
            estimated: BTreeSet::new(),
        })
    }

    fn redraws(&self) -> Option<&str> {
        Some("marker")
    }

    /// The edit is exact: the picture is drawn again, and only the marker changes.
    fn redraw(&self, index: usize, change: Change, seed: u64) -> Option<Edited> {
        let before = self.film(index)?;
        let mut dice = Dice::new(self.options.seed ^ seed.rotate_left(32), index as u64, "change");
        let marker = match (change, &before.marker) {
            (Change::Insert, None) | (Change::Move, Some(_)) => Some(Marker::draw(&mut dice)),
            (Change::Remove, Some(_)) => None,
            _ => return None,
        };
        let after = Film { marker, ..before.clone() };
        let size = self.options.size;
        let ((_, masks), (new, changed)) = (before.render(size).ok()?, after.render(size).ok()?);
        let region = masks.get("marker")?.union(changed.get("marker")?).ok()?;
        let fluid = masks.get("fluid")?;
        let lesion = fluid.share_within(&region);
        Some(Edited { picture: new.into_rgb(), region, donor: None, lesion: Some(lesion) })
    }

    fn fingerprint(&self) -> Result<String, DataError> {
        let FilmOptions { count, size, seed, marker_given_effusion, marker_given_normal } = &self.options;
        let text =
            format!("{GENERATOR}\n{count} {size} {seed} {marker_given_effusion} {marker_given_normal}\n");
        Ok(HEXLOWER.encode(&Sha256::digest(text)))
    }
}
