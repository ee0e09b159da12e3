//! What a data set is to the rest of the program.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::picture::Picture;
use crate::{DataError, Mask, edit};

/// Labelled pictures with regions, in a fixed order.
///
/// A data set answers for its ids and labels from memory; pictures and masks are read or drawn one at a
/// time by [`sample`](Dataset::sample), so that ten thousand of them take no more memory than one.
///
/// `index` is everywhere from 0 to [`len`](Dataset::len), exclusive. As with a slice, [`id`](Dataset::id),
/// [`label`](Dataset::label) and all else that is answered from memory may panic beyond that; what can fail for other
/// reasons returns an error.
pub trait Dataset: Send + Sync {
    /// What the data set is called in a report.
    fn name(&self) -> &str;

    /// The names of the classes; a label is an index into them.
    fn classes(&self) -> &[String];

    /// The names of the regions a sample may have, sorted.
    fn regions(&self) -> &[String];

    /// The number of samples.
    fn len(&self) -> usize;

    /// Whether there is no sample at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sample's name, unique in the data set.
    fn id(&self, index: usize) -> &str;

    /// The sample's class, an index into [`classes`](Dataset::classes).
    fn label(&self, index: usize) -> usize;

    /// Whether the picture shows the region, where the data set says so in so many words. `None` where
    /// it does not: then the sample's mask, if there is one, tells.
    fn flag(&self, index: usize, region: &str) -> Option<bool> {
        let _ = (index, region);
        None
    }

    /// What the picture shares with others that are not independent of it, the id of a patient or a lesion:
    /// statistics draw and count groups, not pictures. `None` where the picture is a group of its own.
    fn group(&self, index: usize) -> Option<&str> {
        let _ = index;
        None
    }

    /// What the picture shares with those that show the same lesion with the artefact or without it: the design of
    /// Winkler et al., *Association Between Surgical Skin Markings in Dermoscopic Images and Diagnostic Performance
    /// of a Deep Learning Convolutional Neural Network for Melanoma Recognition*, JAMA Dermatology 155, 2019. `None`
    /// where the picture has no counterpart.
    fn pair(&self, index: usize) -> Option<&str> {
        let _ = index;
        None
    }

    /// The names of what else the data set says of its pictures (sex, age, site, skin type), in its own order.
    /// What it gives by other means, the label, regions, groups and pairs, is not among them.
    fn columns(&self) -> &[String] {
        &[]
    }

    /// What the data set says of the picture in one of the [`columns`](Dataset::columns), as text. `None` where it
    /// says nothing, or there is no such column.
    fn cell(&self, index: usize, column: &str) -> Option<&str> {
        let _ = (index, column);
        None
    }

    /// Reads or draws the sample.
    ///
    /// # Errors
    /// Where there is no such sample, a file cannot be read or is damaged, or a mask does not fit its
    /// picture.
    fn sample(&self, index: usize) -> Result<Sample, DataError>;

    /// The sample's picture alone, for those who need nothing else of it.
    ///
    /// # Errors
    /// As [`sample`](Dataset::sample), but for those of masks.
    fn picture(&self, index: usize) -> Result<Picture, DataError> {
        Ok(self.sample(index)?.picture)
    }

    /// Says which samples are asked for next, in this order, so that a data set whose files are far away begins to read them; with
    /// `masks`, whole samples, else pictures alone. Of those it reads ahead [`AHEAD`] at most, and forgets what it has read of
    /// others. Whoever does not say it gets the same samples, later.
    fn read_ahead(&self, indices: &[usize], masks: bool) {
        let _ = (indices, masks);
    }

    /// The region that [`redraw`](Dataset::redraw) puts in and takes away, where the data set generates its pictures.
    fn redraws(&self) -> Option<&str> {
        None
    }

    /// The same picture drawn again with one thing changed, where the data set can do that because it
    /// generates its pictures; `None` otherwise.
    fn redraw(&self, index: usize, change: edit::Change, seed: u64) -> Option<edit::Edited> {
        let _ = (index, change, seed);
        None
    }

    /// A SHA-256 in hexadecimal of everything that the samples are made from: ids, labels and the bytes
    /// of every file, or the parameters of what is generated. Two data sets with the same fingerprint
    /// give the same samples. A picture or mask that a store does not give counts as one that cannot be read.
    ///
    /// # Errors
    /// Where a file cannot be read.
    fn fingerprint(&self) -> Result<String, DataError>;

    /// The same of some of the samples, which a part of an audit checks without looking at all others. What can only be told of the
    /// whole, such as the parameters of what is generated, may be that of the whole.
    ///
    /// # Errors
    /// As [`fingerprint`](Dataset::fingerprint); where there are no such samples.
    fn fingerprint_of(&self, indices: Range<usize>) -> Result<String, DataError> {
        let _ = indices;
        self.fingerprint()
    }

    /// What has been read of files in object stores so far, for another run to [`recall`](Dataset::recall): where it is
    /// told, it need not read a file again to know that it is the same.
    fn seen(&self) -> Vec<SeenFile> {
        Vec::new()
    }

    /// Takes note of what another run has [`seen`](Dataset::seen) of the same files.
    fn recall(&self, seen: &[SeenFile]) {
        let _ = seen;
    }
}

/// A version of a file in an object store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenFile {
    /// Its address.
    pub address: String,
    /// What the store calls this version: every other one has another tag.
    pub tag: String,
    /// The SHA-256 of its content.
    pub sha256: [u8; 32],
}

/// How many samples are read ahead at most.
pub const AHEAD: usize = 32;

/// These samples in turn, each with its index, read ahead where that helps.
pub fn in_turn<'a>(
    data: &'a dyn Dataset,
    indices: &'a [usize],
) -> impl Iterator<Item = (usize, Result<Sample, DataError>)> + 'a {
    indices.iter().enumerate().map(move |(place, &index)| {
        if place % (AHEAD / 2) == 0 {
            data.read_ahead(&indices[place..indices.len().min(place + AHEAD)], true);
        }
        (index, data.sample(index))
    })
}

/// A picture, what it shows, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its name, unique in its data set.
    pub id: String,
    /// The picture at its own size.
    pub picture: Picture,
    /// Its class, an index into the data set's classes.
    pub label: usize,
    /// The SHA-256 in hexadecimal of the very bytes that the picture was decoded from, or of what it was drawn
    /// from: another picture in the same file has another.
    pub sha256: String,
    /// The same of each mask that was read from a file, by region.
    pub mask_sha256: BTreeMap<String, String>,
    /// The regions by name, each a mask of the picture's size. A region without a key here is *not
    /// annotated*: nobody knows whether the picture shows it, or where. A region whose mask is empty is
    /// *known to be absent*.
    pub regions: BTreeMap<String, Mask>,
    /// Those of the regions whose mask nobody has drawn: it was estimated from the picture.
    pub estimated: BTreeSet<String>,
}

impl Sample {
    /// Whether the picture shows the region, as far as the masks tell.
    pub fn shows(&self, region: &str) -> Option<bool> {
        self.regions.get(region).map(|mask| !mask.is_empty())
    }
}
