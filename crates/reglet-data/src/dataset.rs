//! The interface of a data set.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::picture::Picture;
use crate::{DataError, Mask, edit};

/// Labelled pictures with regions, in a fixed order.
///
/// Ids and labels are in memory; pictures and masks are read or drawn one at a time by [`sample`](Dataset::sample), so that
/// ten thousand of them take no more memory than one.
///
/// `index` is everywhere from 0 to [`len`](Dataset::len), exclusive. As with a slice, [`id`](Dataset::id),
/// [`label`](Dataset::label) and all other functions that only use memory may panic beyond that; functions that can fail for
/// other reasons return an error.
pub trait Dataset: Send + Sync {
    /// The name of the data set in a report.
    fn name(&self) -> &str;

    /// The names of the classes; a label is an index into them.
    fn classes(&self) -> &[String];

    /// The names of the regions a sample may have, sorted.
    fn regions(&self) -> &[String];

    /// The number of samples.
    fn len(&self) -> usize;

    /// Whether there are no samples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sample's name, unique in the data set.
    fn id(&self, index: usize) -> &str;

    /// The sample's class, an index into [`classes`](Dataset::classes).
    fn label(&self, index: usize) -> usize;

    /// Whether the picture shows the region, if the data set says so explicitly. `None` if it does not; the sample's mask,
    /// if there is one, then decides.
    fn flag(&self, index: usize, region: &str) -> Option<bool> {
        let _ = (index, region);
        None
    }

    /// Whether all that speaks against the region is that a file of annotations lists the picture and draws no such region on it.
    /// That is enough to take an artefact for absent. A lesion may be there and not drawn, so it is unknown what covers it.
    fn is_silent(&self, index: usize, region: &str) -> bool {
        let _ = (index, region);
        false
    }

    /// Whether it is known without reading the picture that somebody drew the region on it or made a mask of it, which may be empty.
    /// Cut-outs are looked for on such pictures first.
    fn is_drawn(&self, index: usize, region: &str) -> bool {
        let _ = (index, region);
        false
    }

    /// The group of the picture: an id of the patient or the lesion, which it shares with pictures that are not independent
    /// of it. Statistics resample and count groups, not pictures. `None` if the picture is a group of its own.
    fn group(&self, index: usize) -> Option<&str> {
        let _ = index;
        None
    }

    /// The pair of the picture: an id that it shares with pictures of the same lesion with or without the artefact, as in
    /// the study of Winkler et al., *Association Between Surgical Skin Markings in Dermoscopic Images and Diagnostic
    /// Performance of a Deep Learning Convolutional Neural Network for Melanoma Recognition*, JAMA Dermatology 155, 2019.
    /// `None` if the picture has no counterpart.
    fn pair(&self, index: usize) -> Option<&str> {
        let _ = index;
        None
    }

    /// The names of further columns of the data set (sex, age, site, skin type), in its own order. Labels, regions, groups
    /// and pairs are not among them.
    fn columns(&self) -> &[String] {
        &[]
    }

    /// The value of the picture in one of the [`columns`](Dataset::columns), as text. `None` if there is no value or no such
    /// column.
    fn cell(&self, index: usize, column: &str) -> Option<&str> {
        let _ = (index, column);
        None
    }

    /// Reads or draws the sample.
    ///
    /// # Errors
    /// There is no such sample, a file cannot be read or is damaged, or a mask does not fit its picture.
    fn sample(&self, index: usize) -> Result<Sample, DataError>;

    /// Only the sample's picture.
    ///
    /// # Errors
    /// As [`sample`](Dataset::sample), except for the errors of masks.
    fn picture(&self, index: usize) -> Result<Picture, DataError> {
        Ok(self.sample(index)?.picture)
    }

    /// Announces the samples that will be requested next, in this order, so that a data set with remote files can start to
    /// read them; with `masks`, whole samples, else only pictures. At most [`AHEAD`] of them are read ahead, and data that
    /// were read ahead for others are dropped. Without this call, samples are the same, but take longer.
    fn read_ahead(&self, indices: &[usize], masks: bool) {
        let _ = (indices, masks);
    }

    /// The region that [`redraw`](Dataset::redraw) adds and removes, if the data set generates its pictures.
    fn redraws(&self) -> Option<&str> {
        None
    }

    /// The same picture drawn again with one change, if the data set generates its pictures; `None` otherwise.
    fn redraw(&self, index: usize, change: edit::Change, seed: u64) -> Option<edit::Edited> {
        let _ = (index, change, seed);
        None
    }

    /// A SHA-256 in hexadecimal of everything that the samples are made from: ids, labels and the bytes of every file, or
    /// the parameters of generated pictures. Two data sets with the same fingerprint give the same samples. A picture or
    /// mask that a store refuses counts as unreadable.
    ///
    /// # Errors
    /// Where a file cannot be read.
    fn fingerprint(&self) -> Result<String, DataError>;

    /// The fingerprint of some of the samples, which a part of an audit checks without reading all others. For generated
    /// data, it may be the fingerprint of the whole data set.
    ///
    /// # Errors
    /// As [`fingerprint`](Dataset::fingerprint); or there are no such samples.
    fn fingerprint_of(&self, indices: Range<usize>) -> Result<String, DataError> {
        let _ = indices;
        self.fingerprint()
    }

    /// The versions of files in object stores that have been read so far, for another run to [`recall`](Dataset::recall), so
    /// that it need not read a file again to know that it is unchanged.
    fn seen(&self) -> Vec<SeenFile> {
        Vec::new()
    }

    /// Registers the versions of the same files that another run has [`seen`](Dataset::seen).
    fn recall(&self, seen: &[SeenFile]) {
        let _ = seen;
    }
}

/// A version of a file in an object store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenFile {
    /// Its address.
    pub address: String,
    /// The store's tag of this version; every other version has another tag.
    pub tag: String,
    /// The SHA-256 of its content.
    pub sha256: [u8; 32],
}

/// The maximum number of samples that are read ahead.
pub const AHEAD: usize = 32;

/// These samples in order, each with its index, read ahead if that helps.
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

/// A picture with its label and its regions.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its name, unique in its data set.
    pub id: String,
    /// The picture at its original size.
    pub picture: Picture,
    /// Its class, an index into the data set's classes.
    pub label: usize,
    /// The SHA-256 in hexadecimal of the bytes that the picture was decoded from, or of the data that it was drawn from.
    /// Another picture in the same file has another hash.
    pub sha256: String,
    /// The same of each mask that was read from a file, by region.
    pub mask_sha256: BTreeMap<String, String>,
    /// The regions by name, each a mask of the picture's size. A region without a key here is *not annotated*: it is unknown
    /// whether the picture shows it, and where. A region whose mask is empty is *known to be absent*.
    pub regions: BTreeMap<String, Mask>,
    /// The regions whose masks were not drawn, but estimated from the picture.
    pub estimated: BTreeSet<String>,
}

impl Sample {
    /// Whether the picture shows the region, according to the masks.
    pub fn shows(&self, region: &str) -> Option<bool> {
        self.regions.get(region).map(|mask| !mask.is_empty())
    }
}
