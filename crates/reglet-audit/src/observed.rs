//! What an audit measures on some of its pictures.

use reglet_data::edit::Change;
use reglet_evidence::{MapRow, Observation, Picture};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::results::Unread;
use crate::sketch::Sketch;

/// How many pictures that cannot be read are named before they are only counted.
const NAMED: usize = 10;

/// The place in the data set of a picture that has this place among those that could be read.
pub(crate) fn place_in_data(picture: usize, unread: &[Unread]) -> usize {
    // Each unreadable picture before it moves it on by one.
    unread.iter().fold(picture, |place, unread| place + usize::from(unread.place <= place))
}

/// The measurements on some pictures.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Observed {
    /// The pictures, in the order of the data set.
    pub pictures: Vec<Picture>,
    /// The answers of the models.
    pub observations: Vec<Observation>,
    /// Where their maps concentrate.
    pub maps: Vec<MapRow>,
    /// What the report shows of those in the gallery.
    pub exhibits: Vec<Shown>,
    /// Reduced maps, if the config asks for groups of maps.
    pub sketches: Vec<Sketch>,
    /// The pictures that could not be read, for which there are no measurements.
    pub unread: Vec<Unread>,
}

/// What the report shows of one picture as one model saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub picture: usize,
    pub model: usize,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// The picture, as JPEG.
    pub view: Vec<u8>,
    /// The outlines of its regions, as a PNG overlay.
    pub outlines: Vec<u8>,
    /// Its changed versions by artefact and change, at the first place of each, as JPEG.
    pub edited: Vec<(usize, Change, Vec<u8>)>,
    /// Its maps by target and method, as PNGs to lay over it.
    pub layers: Vec<(usize, usize, Vec<u8>)>,
}

impl Observed {
    pub(crate) fn extend(&mut self, other: Observed) {
        self.pictures.extend(other.pictures);
        self.observations.extend(other.observations);
        self.maps.extend(other.maps);
        self.exhibits.extend(other.exhibits);
        self.sketches.extend(other.sketches);
        self.unread.extend(other.unread);
    }

    /// How many pictures have been gone through, read or not.
    pub(crate) fn gone_through(&self) -> usize {
        self.pictures.len() + self.unread.len()
    }

    /// The same with pictures numbered by their place among those that could be read, instead of by that in the data set.
    pub(crate) fn closed_up(mut self) -> Observed {
        if self.unread.is_empty() {
            return self;
        }
        let Observed { observations, maps, exhibits, sketches, unread, .. } = &mut self;
        let numbers = observations.iter_mut().map(|row| &mut row.picture);
        let numbers = numbers.chain(maps.iter_mut().map(|row| &mut row.picture));
        let numbers = numbers.chain(exhibits.iter_mut().map(|shown| &mut shown.picture));
        for number in numbers.chain(sketches.iter_mut().map(|sketch| &mut sketch.picture)) {
            *number -= unread.partition_point(|unread| unread.place < *number);
        }
        self
    }

    /// Returns an error if the unreadable pictures are more than the share `allowed` of all `count` pictures of the data set.
    ///
    /// # Errors
    /// [`Error::Usage`] that names them.
    pub(crate) fn check_unread(&self, count: usize, allowed: f64) -> Result<(), Error> {
        let found = self.unread.len();
        if found as f64 <= allowed * count as f64 {
            return Ok(());
        }
        let named: Vec<String> = self
            .unread
            .iter()
            .take(NAMED)
            .map(|unread| format!("\n  {}: {}", unread.id, unread.reason))
            .collect();
        let more = found.saturating_sub(NAMED);
        let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
        Err(Error::Usage(format!(
            "{found} of {count} pictures cannot be read, which exceeds the share of {allowed} that `unreadable` allows:{}{more}",
            named.concat()
        )))
    }
}
