//! Checks that the pictures of a correction are disjoint from those of its audit.

use std::collections::BTreeMap;

use rayon::prelude::*;
use reglet_data::Dataset;
use reglet_train::{Pool, content};

use crate::Error;

/// Returns an error if a correction uses pictures of its audit: a picture with the same pixels, whatever the name of its
/// file, or another picture of the same patient or lesion. Artefacts are cut from pictures of the same data set, so donors
/// are disjoint if the pictures are.
///
/// # Errors
/// [`Error::Usage`], and pictures that cannot be read.
pub(super) fn check(pool: &Pool<'_>, audit: &dyn Dataset) -> Result<(), Error> {
    let learnt: BTreeMap<&str, usize> =
        pool.members().iter().enumerate().map(|(place, member)| (member.content.as_str(), place)).collect();
    let audited: Vec<String> = (0..audit.len())
        .into_par_iter()
        .map(|index| {
            let picture = audit.picture(index)?;
            Ok(content(&picture))
        })
        .collect::<Result<_, Error>>()?;
    let same: Vec<(usize, usize)> = audited
        .iter()
        .enumerate()
        .filter_map(|(index, content)| Some((index, *learnt.get(content.as_str())?)))
        .collect();
    if let Some(&(index, place)) = same.first() {
        return Err(Error::Usage(format!(
            "{} of the audit's {} pictures are also used for the correction, the first of them '{}' ('{}' there); a correction must be tested on pictures that it has not used, so remove them from one of the two data sets",
            same.len(),
            audit.len(),
            audit.id(index),
            pool.id(place)
        )));
    }
    let groups: BTreeMap<&str, usize> =
        (0..pool.members().len()).filter_map(|place| Some((pool.group(place)?, place))).collect();
    let shared = (0..audit.len()).find_map(|index| {
        let group = audit.group(index)?;
        groups.get(group).map(|&place| (group, index, place))
    });
    if let Some((group, index, place)) = shared {
        return Err(Error::Usage(format!(
            "'{group}' has pictures both in the audit ('{}') and in the correction ('{}'); a correction must be tested on patients and lesions that it has not used, so remove them from one of the two data sets",
            audit.id(index),
            pool.id(place)
        )));
    }
    Ok(())
}
