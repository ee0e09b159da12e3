//! A scene: a picture, and optionally a change of it. It is a plain value that a request contains, and everything that the
//! page shows is a pure function of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use reglet_data::edit::{Change, EditOptions, Edited, Editor, Placement, Source, control, scramble};
use reglet_data::phantom::{Backdrop, MIN_SIZE};
use reglet_data::picture::{Limits, Picture, decode};
use reglet_data::{Dataset, Filter, Mask, Sample, resize_rgb};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::library::{Library, Lone};
use crate::looks::{Looks, Number, check, phantom};

/// A picture, and its change and placement, as the values of the library.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// The picture.
    pub picture: Choice,
    /// Its change.
    #[serde(default)]
    pub change: Option<Change>,
    /// The placement.
    #[serde(default)]
    pub placement: Option<Placement>,
}

/// Which picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Choice {
    /// A generated one.
    Phantom {
        /// Which.
        number: Number,
        /// The changes of the sliders.
        #[serde(default)]
        looks: Looks,
    },
    /// A picture of the folder or the config, by its index.
    Sample(usize),
    /// A picture that was dropped into the page, by its number.
    Upload(u32),
}

/// The requested size of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The size of the models' input.
    Model,
    /// For display: a phantom is drawn with this number of pixels on a side; other pictures are reduced to at most this
    /// size.
    Screen(u32),
}

/// A scene, drawn.
#[derive(Debug)]
pub struct Composed {
    /// The picture with the change made.
    pub picture: Picture,
    /// What the change touches.
    pub region: Option<Mask>,
    /// The share of the lesion that it touches, 0 to 1.
    pub lesion: Option<f64>,
}

/// The most pixels of a picture that is dropped into the page.
const MOST_PIXELS: u64 = 40_000_000;

/// The most bytes of one.
pub const MOST_BYTES: usize = 32 << 20;

/// The number of dropped pictures that are kept; the oldest is removed first.
const UPLOADS: usize = 6;

/// The pictures that there are.
pub struct Pictures {
    side: u32,
    library: Option<Library>,
    uploads: Mutex<Uploads>,
    phantoms: Mutex<Vec<Known>>,
    hand: Editor,
}

/// A phantom that has been drawn without a ruler.
struct Known {
    number: Number,
    looks: Looks,
    side: u32,
    backdrop: Arc<Backdrop>,
}

/// So many are kept: of the models' size and of the screen's, with the last few steps of a slider.
const PHANTOMS: usize = 8;

#[derive(Default)]
struct Uploads {
    last: u32,
    kept: Vec<(u32, Arc<Sample>)>,
}

impl Pictures {
    /// Phantoms with `side` pixels on a side, and perhaps those of a folder or a config.
    ///
    /// # Errors
    /// Those of an editor.
    pub fn new(side: u32, library: Option<Library>) -> Result<Pictures, Error> {
        let options = EditOptions { insert: Some(Source::Drawn), ..EditOptions::default() };
        let hand = Editor::new(&Lone, &options, "ruler", "lesion", 0)?;
        let side = side.max(MIN_SIZE);
        Ok(Pictures { side, library, uploads: Mutex::default(), phantoms: Mutex::default(), hand })
    }

    /// Those of the folder or the config.
    ///
    /// # Errors
    /// There are none.
    pub fn library(&self) -> Result<&Library, Error> {
        let none =
            || Error::request("no folder and no config was given, so there are only generated pictures");
        self.library.as_ref().ok_or_else(none)
    }

    /// Keeps a picture that was dropped into the page, in memory; the number it is called by, and its size.
    ///
    /// # Errors
    /// What is no picture, or too large a one.
    pub fn upload(&self, bytes: &[u8]) -> Result<(u32, (u32, u32)), Error> {
        let limits = Limits { pixels: MOST_PIXELS, bytes: MOST_BYTES as u64 };
        let picture = decode(bytes, "the dropped picture".as_ref(), &limits)?;
        let size = picture.dimensions();
        if size.0.min(size.1) < MIN_SIZE {
            return Err(Error::request(format!(
                "the dropped picture is {}×{} pixels, which is too small",
                size.0, size.1
            )));
        }
        let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        uploads.last = uploads.last.wrapping_add(1);
        let (id, kept) = (uploads.last, UPLOADS.min(uploads.kept.len() + 1));
        let sample = sample(format!("dropped {id}"), picture, BTreeMap::new());
        uploads.kept.push((id, Arc::new(sample)));
        let over = uploads.kept.len() - kept;
        uploads.kept.drain(..over);
        Ok((id, size))
    }

    /// A phantom without a ruler.
    fn phantom(&self, number: Number, looks: &Looks, side: u32) -> Result<Arc<Backdrop>, Error> {
        let known = || self.phantoms.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |one: &Known| one.number == number && one.side == side && one.looks == *looks;
        if let Some(found) = known().iter().find(|one| fits(one)) {
            return Ok(Arc::clone(&found.backdrop));
        }
        // Two threads may draw the same one; neither waits for the other.
        let backdrop = Arc::new(Backdrop::new(&phantom(number, looks)?, side)?);
        let mut known = known();
        known.insert(0, Known { number, looks: looks.clone(), side, backdrop: Arc::clone(&backdrop) });
        known.truncate(PHANTOMS);
        Ok(backdrop)
    }

    /// Draws a scene.
    ///
    /// # Errors
    /// A picture that does not exist, a change that is not possible in it, or values that are out of range.
    pub fn compose(&self, scene: &Scene, detail: Detail) -> Result<Composed, Error> {
        if let Some(Placement::Drawn { ruler }) = &scene.placement {
            check(ruler)?;
        }
        match &scene.picture {
            Choice::Phantom { number, looks } => {
                let side = match detail {
                    Detail::Model => self.side,
                    Detail::Screen(side) => side.max(MIN_SIZE),
                };
                drawn(self.phantom(*number, looks, side)?.as_ref(), scene, side)
            }
            Choice::Sample(index) => {
                let library = self.library()?;
                let sample = library.sample(*index)?;
                let composed = edited(library.editor(), library.data(), *index, &sample, scene)?;
                shrunk(composed, detail)
            }
            Choice::Upload(id) => {
                let uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
                let found =
                    uploads.kept.iter().find(|(kept, _)| kept == id).map(|(_, sample)| Arc::clone(sample));
                drop(uploads);
                let gone = || Error::request("that picture is no longer stored; drop it into the page again");
                let sample = found.ok_or_else(gone)?;
                shrunk(edited(&self.hand, &Lone, 0, &sample, scene)?, detail)
            }
        }
    }
}

/// A picture without any annotation.
fn sample(id: String, picture: impl Into<Picture>, regions: BTreeMap<String, Mask>) -> Sample {
    Sample {
        id,
        picture: picture.into(),
        label: 0,
        sha256: String::new(),
        mask_sha256: BTreeMap::new(),
        regions,
        estimated: BTreeSet::new(),
    }
}

/// A phantom, drawn again with the ruler in it, exactly; controls are derived from that.
fn drawn(backdrop: &Backdrop, scene: &Scene, side: u32) -> Result<Composed, Error> {
    let before = backdrop.bare();
    let Some(change) = scene.change else {
        return Ok(Composed { picture: before.picture.clone().into(), region: None, lesion: None });
    };
    let Some(Placement::Drawn { ruler }) = &scene.placement else {
        return Err(Error::request("in a generated picture, only a drawn ruler can be placed"));
    };
    let with = backdrop.with(Some(ruler));
    let differs = |x: u32, y: u32| before.picture.get_pixel(x, y) != with.picture.get_pixel(x, y);
    let covered = &with.masks["ruler"];
    let region = Mask::from_fn(side, side, |x, y| differs(x, y) || covered.get(x, y))?;
    let lesion = &before.masks["lesion"];
    let touched = lesion.iter().filter(|&(x, y)| region.get(x, y)).count();
    let lesion = Some(if touched == 0 { 0.0 } else { touched as f64 / lesion.area() as f64 });
    let inserted = Edited { picture: with.picture, region, donor: None, lesion };
    let seed = 0;
    let edited = match change {
        Change::Insert => inserted,
        // If the change has no effect, there is no control of the same strength.
        Change::Control | Change::Scrambled if inserted.region.is_empty() => inserted,
        Change::Control => control(&before.picture, &inserted, seed)?,
        Change::Scrambled => scramble(&before.picture, &inserted, seed)?,
        Change::Remove | Change::Move | Change::RemoveLesion => {
            return Err(Error::request(format!(
                "'{change}' cannot be applied to a generated picture: remove the ruler, or fade the lesion with its presence"
            )));
        }
    };
    Ok(Composed { picture: edited.picture.into(), region: Some(edited.region), lesion: edited.lesion })
}

/// Any other picture, edited by the library's own means.
fn edited(
    editor: &Editor,
    data: &dyn Dataset,
    index: usize,
    sample: &Sample,
    scene: &Scene,
) -> Result<Composed, Error> {
    let unchanged = || Composed { picture: sample.picture.clone(), region: None, lesion: None };
    let Some(change) = scene.change else { return Ok(unchanged()) };
    let in_place = Placement::InPlace;
    let placement = match (&scene.placement, change) {
        (Some(placement), _) => placement,
        (None, Change::Remove | Change::RemoveLesion) => &in_place,
        (None, _) => return Err(Error::request(format!("'{change}' needs a placement"))),
    };
    let found = editor.scene(data, index, sample).apply(change, placement)?;
    Ok(found.map_or_else(unchanged, |edited| Composed {
        picture: edited.picture.into(),
        region: Some(edited.region),
        lesion: edited.lesion,
    }))
}

/// The result is no larger than requested. The region keeps the picture's own pixels.
fn shrunk(composed: Composed, detail: Detail) -> Result<Composed, Error> {
    let (width, height) = composed.picture.dimensions();
    let longest = width.max(height);
    match detail {
        Detail::Screen(side) if longest > side => {
            let to = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longest)).max(1) as u32;
            let picture = resize_rgb(&composed.picture, to(width), to(height), Filter::Bilinear)?;
            Ok(Composed { picture: picture.into(), ..composed })
        }
        _ => Ok(composed),
    }
}
