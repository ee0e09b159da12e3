//! Phantoms as a data set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::description::{Clutter, Phantom};
use super::dice::Dice;
use super::error::PhantomError;
use super::render::Backdrop;
use crate::edit::{Change, Edited};
use crate::{DataError, Dataset, Mask, Sample};

/// A data set of [`Phantom`]s, each drawn on request.
///
/// Classes: `benign` (0) and `melanoma` (1). Regions: `bubbles`, `hair`, `ink`, `lesion`, `ruler`.
#[derive(Debug, Clone)]
pub struct Phantoms {
    options: PhantomOptions,
    classes: [String; 2],
    regions: [String; 5],
    ids: Vec<String>,
    /// The phantoms drawn most recently, newest first; they are kept because several versions of one picture are usually
    /// requested one after the other.
    recent: Arc<Mutex<Vec<Recent>>>,
}

/// A phantom that was drawn, with its number.
type Recent = (usize, Arc<Backdrop>);

/// The largest number of pixels, and of phantoms, that are kept after drawing.
const KEPT: (u32, u32) = (1 << 21, 32);

/// The parameters of the phantoms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PhantomOptions {
    /// The number of pictures; 1 to 1000000.
    pub count: usize,
    /// Width and height of a picture in pixels; 16 to 4096.
    pub size: u32,
    /// The seed of all pictures; another seed gives other pictures.
    pub seed: u64,
    /// The share of melanomas; 0 to 1.
    pub prevalence: f64,
    /// The share of melanomas that have a ruler; 0 to 1.
    pub ruler_given_melanoma: f64,
    /// The share of benign lesions that have a ruler; 0 to 1.
    pub ruler_given_benign: f64,
    /// The probability of hairs; 0 to 1.
    pub hair: f64,
    /// The probability of gel bubbles; 0 to 1.
    pub bubbles: f64,
    /// The probability of ink marks; 0 to 1.
    pub ink: f64,
    /// The probability that a picture with a ruler has a much darker rim than others; 0 to 1. A classifier may use this rim
    /// instead of the ruler.
    pub vignette_with_ruler: f64,
    /// The same probability for a picture without a ruler.
    pub vignette_without_ruler: f64,
}

/// Part of the fingerprint: must be incremented whenever the same options give other pictures than before.
const GENERATOR: &str = "reglet phantoms 1";

impl Default for PhantomOptions {
    /// 200 pictures of 128×128 pixels, in equal shares of benign and malignant, with and without a ruler.
    fn default() -> Self {
        Self {
            count: 200,
            size: 128,
            seed: 0,
            prevalence: 0.5,
            ruler_given_melanoma: 0.5,
            ruler_given_benign: 0.5,
            hair: 0.5,
            bubbles: 0.3,
            ink: 0.15,
            vignette_with_ruler: 0.0,
            vignette_without_ruler: 0.0,
        }
    }
}

impl Phantoms {
    /// The data set of phantoms with these options; none is drawn yet.
    ///
    /// # Errors
    /// A probability that is not between 0 and 1, or an invalid number or size of pictures.
    pub fn new(options: PhantomOptions) -> Result<Self, PhantomError> {
        let probabilities = [
            ("prevalence", options.prevalence),
            ("ruler_given_melanoma", options.ruler_given_melanoma),
            ("ruler_given_benign", options.ruler_given_benign),
            ("hair", options.hair),
            ("bubbles", options.bubbles),
            ("ink", options.ink),
            ("vignette_with_ruler", options.vignette_with_ruler),
            ("vignette_without_ruler", options.vignette_without_ruler),
        ];
        PhantomError::check(options.count, options.size, &probabilities)?;
        let ids = (0..options.count).map(|index| format!("phantom-{index:05}")).collect();
        Ok(Self {
            options,
            classes: ["benign", "melanoma"].map(String::from),
            regions: ["bubbles", "hair", "ink", "lesion", "ruler"].map(String::from),
            ids,
            recent: Arc::default(),
        })
    }

    /// The parameters from which the phantoms were generated.
    pub fn options(&self) -> &PhantomOptions {
        &self.options
    }

    /// One phantom's description, or `None` if there is no such phantom.
    pub fn phantom(&self, index: usize) -> Option<Phantom> {
        if index >= self.options.count {
            return None;
        }
        let (melanoma, ruler) = self.group(index);
        let clutter = Clutter {
            hair: self.options.hair as f32,
            bubbles: self.options.bubbles as f32,
            ink: self.options.ink as f32,
            vignette: match ruler {
                true => self.options.vignette_with_ruler as f32,
                false => self.options.vignette_without_ruler as f32,
            },
        };
        Some(Phantom::draw(self.options.seed, index as u64, melanoma, ruler, clutter))
    }

    /// Whether the lesion is a melanoma, and whether there is a ruler.
    ///
    /// This is systematic sampling: counting up, a picture is a melanoma whenever the melanomas' share of the count passes
    /// an integer, and the same holds for rulers among the melanomas and among the others. So every share is accurate to
    /// within one picture for any count, and with the default shares every four consecutive pictures contain one of each
    /// kind.
    fn group(&self, index: usize) -> (bool, bool) {
        let due = |share: f64, before: usize| (share * before as f64).floor() as usize;
        let falls_due = |share: f64, place: usize| due(share, place + 1) > due(share, place);
        let melanomas_before = due(self.options.prevalence, index);
        if falls_due(self.options.prevalence, index) {
            (true, falls_due(self.options.ruler_given_melanoma, melanomas_before))
        } else {
            (false, falls_due(self.options.ruler_given_benign, index - melanomas_before))
        }
    }

    /// A phantom with everything drawn except its ruler.
    fn backdrop(&self, index: usize, phantom: &Phantom) -> Result<Arc<Backdrop>, PhantomError> {
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = recent().iter().find(|(known, _)| *known == index) {
            return Ok(Arc::clone(known));
        }
        // Two threads may draw the same one; neither waits for the other.
        let size = self.options.size;
        let drawn = Arc::new(Backdrop::new(phantom, size)?);
        let (pixels, most) = KEPT;
        let mut recent = recent();
        recent.insert(0, (index, Arc::clone(&drawn)));
        recent.truncate((pixels / (size * size)).min(most) as usize);
        Ok(drawn)
    }

    /// The replacement of the phantom's ruler, or of its absence, if the change applies.
    fn changed(&self, phantom: &Phantom, index: usize, change: Change, seed: u64) -> Option<Phantom> {
        let mut dice = Dice::new(self.options.seed ^ seed.rotate_left(32), index as u64, "change");
        let ruler = match (change, &phantom.ruler) {
            (Change::Insert, None) => Some(phantom.new_ruler(&mut dice)),
            (Change::Remove, Some(_)) => None,
            (Change::Move, Some(ruler)) => Some(phantom.moved_ruler(ruler, &mut dice)),
            (Change::Insert, Some(_))
            | (Change::Remove | Change::Move, None)
            | (Change::Control | Change::Scrambled | Change::RemoveLesion, _) => return None,
        };
        Some(Phantom { ruler, ..phantom.clone() })
    }
}

impl Dataset for Phantoms {
    fn name(&self) -> &str {
        "phantoms"
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
        usize::from(self.group(index).0)
    }

    fn flag(&self, index: usize, region: &str) -> Option<bool> {
        // For the others the picture itself has to be drawn, because a hair, for example, may be outside the frame.
        match region {
            "ruler" => Some(self.group(index).1),
            "lesion" => Some(true),
            _ => None,
        }
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        let phantom = self.phantom(index).ok_or_else(|| DataError::Index {
            name: self.name().to_owned(),
            index,
            len: self.len(),
        })?;
        let rendered = self.backdrop(index, &phantom)?.with(phantom.ruler.as_ref());
        let drawn_from = format!("{GENERATOR}\n{} {phantom:?}\n", self.options.size);
        Ok(Sample {
            id: self.ids[index].clone(),
            picture: rendered.picture.into(),
            label: usize::from(phantom.melanoma),
            sha256: HEXLOWER.encode(&Sha256::digest(drawn_from)),
            mask_sha256: BTreeMap::new(),
            regions: rendered.masks,
            estimated: BTreeSet::new(),
        })
    }

    fn redraws(&self) -> Option<&str> {
        Some("ruler")
    }

    /// The change is exact: only the ruler and its shadow are drawn differently. [`Change::Insert`], [`Change::Remove`] and
    /// [`Change::Move`] are redrawn; controls are derived from them. The region contains every pixel that differs and all
    /// pixels that the old and the new ruler cover.
    fn redraw(&self, index: usize, change: Change, seed: u64) -> Option<Edited> {
        let before = self.phantom(index)?;
        let after = self.changed(&before, index, change, seed)?;
        let size = self.options.size;
        let backdrop = self.backdrop(index, &before).ok()?;
        let (old, new) = (backdrop.with(before.ruler.as_ref()), backdrop.with(after.ruler.as_ref()));
        // Between its marks an engraved scale changes no pixels, but the area belongs to it.
        let ruler = old.masks.get("ruler")?.union(new.masks.get("ruler")?).ok()?;
        let differs = |x: u32, y: u32| old.picture.get_pixel(x, y) != new.picture.get_pixel(x, y);
        let region = Mask::from_fn(size, size, |x, y| differs(x, y) || ruler.get(x, y)).ok()?;
        let lesion = old.masks.get("lesion")?.share_within(&region);
        Some(Edited { picture: new.picture, region, donor: None, lesion: Some(lesion) })
    }

    fn fingerprint(&self) -> Result<String, DataError> {
        let PhantomOptions {
            count,
            size,
            seed,
            prevalence,
            ruler_given_melanoma,
            ruler_given_benign,
            hair,
            bubbles,
            ink,
            vignette_with_ruler,
            vignette_without_ruler,
        } = &self.options;
        let mut text = format!(
            "{GENERATOR}\n{count} {size} {seed} {prevalence} {ruler_given_melanoma} {ruler_given_benign} \
             {hair} {bubbles} {ink}\n"
        );
        // Data sets without vignettes keep the fingerprint that they had before vignettes were introduced.
        if (*vignette_with_ruler, *vignette_without_ruler) != (0.0, 0.0) {
            text += &format!("vignette {vignette_with_ruler} {vignette_without_ruler}\n");
        }
        Ok(HEXLOWER.encode(&Sha256::digest(text)))
    }
}
