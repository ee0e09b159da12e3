use std::ops::Range;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::estimate_lesion;
use crate::edit::{Change, Edited};
use crate::picture::Picture;
use crate::{DataError, Dataset, Sample, SeenFile};

/// A data set that adds an estimated mask of one region, by [`estimate_lesion`], to pictures without a mask.
///
/// Existing masks are kept, even empty ones, which say that there is no lesion. A sample records that its mask is an
/// estimate ([`Sample::estimated`]). If there is no plausible estimate, the sample has no mask.
pub struct EstimatedLesions {
    data: Box<dyn Dataset>,
    region: String,
    regions: Vec<String>,
}

impl EstimatedLesions {
    /// The same pictures with masks of the lesion under the name `region`.
    pub fn new(data: Box<dyn Dataset>, region: impl Into<String>) -> Self {
        let region = region.into();
        let mut regions = data.regions().to_vec();
        if let Err(place) = regions.binary_search(&region) {
            regions.insert(place, region.clone());
        }
        Self { data, region, regions }
    }
}

impl Dataset for EstimatedLesions {
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
        self.data.len()
    }

    fn id(&self, index: usize) -> &str {
        self.data.id(index)
    }

    fn label(&self, index: usize) -> usize {
        self.data.label(index)
    }

    fn flag(&self, index: usize, region: &str) -> Option<bool> {
        self.data.flag(index, region)
    }

    fn is_silent(&self, index: usize, region: &str) -> bool {
        self.data.is_silent(index, region)
    }

    fn is_drawn(&self, index: usize, region: &str) -> bool {
        self.data.is_drawn(index, region)
    }

    fn group(&self, index: usize) -> Option<&str> {
        self.data.group(index)
    }

    fn pair(&self, index: usize) -> Option<&str> {
        self.data.pair(index)
    }

    fn columns(&self) -> &[String] {
        self.data.columns()
    }

    fn cell(&self, index: usize, column: &str) -> Option<&str> {
        self.data.cell(index, column)
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        let mut sample = self.data.sample(index)?;
        let known = sample.regions.get(&self.region);
        let known = known.is_some_and(|mask| !mask.is_empty() || !self.data.is_silent(index, &self.region));
        if !known && let Some(mask) = estimate_lesion(&sample.picture)? {
            sample.regions.insert(self.region.clone(), mask);
            sample.estimated.insert(self.region.clone());
        }
        Ok(sample)
    }

    fn picture(&self, index: usize) -> Result<Picture, DataError> {
        self.data.picture(index)
    }

    fn read_ahead(&self, indices: &[usize], masks: bool) {
        self.data.read_ahead(indices, masks);
    }

    fn seen(&self) -> Vec<SeenFile> {
        self.data.seen()
    }

    fn recall(&self, seen: &[SeenFile]) {
        self.data.recall(seen);
    }

    fn redraws(&self) -> Option<&str> {
        self.data.redraws()
    }

    fn redraw(&self, index: usize, change: Change, seed: u64) -> Option<Edited> {
        self.data.redraw(index, change, seed)
    }

    fn fingerprint(&self) -> Result<String, DataError> {
        Ok(self.with_estimates(&self.data.fingerprint()?))
    }

    fn fingerprint_of(&self, indices: Range<usize>) -> Result<String, DataError> {
        Ok(self.with_estimates(&self.data.fingerprint_of(indices)?))
    }
}

impl EstimatedLesions {
    /// A fingerprint of the pictures as that of the same pictures with estimates.
    fn with_estimates(&self, fingerprint: &str) -> String {
        let text = format!("estimated 1\n{}\n{fingerprint}", self.region);
        HEXLOWER.encode(&Sha256::digest(text))
    }
}
