//! The annotated pictures of the page, as a data set for an audit.

use std::sync::Arc;

use data_encoding::HEXLOWER;
use reglet_data::picture::Picture;
use reglet_data::{DataError, Dataset, Sample};
use sha2::{Digest, Sha256};

use crate::annotations::Annotations;

/// A data set whose pictures have the regions that were drawn in the page, instead of their own.
///
/// The regions are those at the time when this value was created; later changes in the page do not affect it.
pub(crate) struct Annotated {
    data: Arc<dyn Dataset>,
    drawn: Annotations,
    regions: Vec<String>,
    /// Which pictures of `data` there are.
    places: Vec<usize>,
}

impl Annotated {
    /// The pictures that have been reviewed, or all pictures.
    pub fn new(data: Arc<dyn Dataset>, drawn: Annotations, all: bool) -> Annotated {
        let places = (0..data.len()).filter(|&index| all || drawn.knows(data.id(index))).collect();
        let mut regions = data.regions().to_vec();
        regions.extend_from_slice(drawn.regions());
        regions.sort();
        regions.dedup();
        Annotated { data, drawn, regions, places }
    }
}

impl Dataset for Annotated {
    fn name(&self) -> &str {
        self.data.name()
    }

    fn classes(&self) -> &[String] {
        self.data.classes()
    }

    fn regions(&self) -> &[String] {
        &self.regions
    }

    fn len(&self) -> usize {
        self.places.len()
    }

    fn id(&self, index: usize) -> &str {
        self.data.id(self.places[index])
    }

    fn label(&self, index: usize) -> usize {
        self.data.label(self.places[index])
    }

    fn flag(&self, index: usize, region: &str) -> Option<bool> {
        self.drawn.shows(self.id(index), region).or_else(|| self.data.flag(self.places[index], region))
    }

    fn is_silent(&self, index: usize, region: &str) -> bool {
        let place = self.places[index];
        match self.drawn.shows(self.id(index), region) {
            Some(true) => false,
            Some(false) | None => {
                self.data.flag(place, region).is_none() || self.data.is_silent(place, region)
            }
        }
    }

    fn is_drawn(&self, index: usize, region: &str) -> bool {
        self.drawn.shows(self.id(index), region).unwrap_or(false)
            || self.data.is_drawn(self.places[index], region)
    }

    fn group(&self, index: usize) -> Option<&str> {
        self.data.group(self.places[index])
    }

    fn pair(&self, index: usize) -> Option<&str> {
        self.data.pair(self.places[index])
    }

    fn columns(&self) -> &[String] {
        self.data.columns()
    }

    fn cell(&self, index: usize, column: &str) -> Option<&str> {
        self.data.cell(self.places[index], column)
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        let len = self.len();
        let gone = || DataError::Index { name: self.name().to_owned(), index, len };
        let mut sample = self.data.sample(*self.places.get(index).ok_or_else(gone)?)?;
        self.drawn.lay_over(&mut sample)?;
        Ok(sample)
    }

    fn picture(&self, index: usize) -> Result<Picture, DataError> {
        let len = self.len();
        let gone = || DataError::Index { name: self.name().to_owned(), index, len };
        self.data.picture(*self.places.get(index).ok_or_else(gone)?)
    }

    fn read_ahead(&self, indices: &[usize], masks: bool) {
        let places: Vec<usize> =
            indices.iter().filter_map(|&index| self.places.get(index).copied()).collect();
        self.data.read_ahead(&places, masks);
    }

    fn fingerprint(&self) -> Result<String, DataError> {
        let own = format!("drawn 1\n{:?}\n{}\n{}", self.places, self.drawn.text(), self.data.fingerprint()?);
        Ok(HEXLOWER.encode(&Sha256::digest(own)))
    }
}
