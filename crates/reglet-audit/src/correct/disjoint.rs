//! Checks that the pictures of a correction are disjoint from those of its audit.

use std::collections::BTreeMap;

use rayon::prelude::*;
use reglet_data::Dataset;
use reglet_train::{Pool, Thumbnail, content, copies};

use crate::Error;

/// What is known of how two data sets differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Disjoint {
    /// Whether both name the patient or the lesion of every picture, so that none is in both.
    pub groups_known: bool,
}

/// Returns an error if a correction uses pictures of its audit: a picture with the same pixels, whatever the name of its
/// file, a copy of another size or compressed again, or another picture of the same patient or lesion. Artefacts are cut from
/// pictures of the same data set, so donors are disjoint if the pictures are.
///
/// # Errors
/// [`Error::Usage`], and pictures that cannot be read.
pub(super) fn check(pool: &Pool<'_>, audit: &dyn Dataset) -> Result<Disjoint, Error> {
    let learnt: BTreeMap<&str, usize> =
        pool.members().iter().enumerate().map(|(place, member)| (member.content.as_str(), place)).collect();
    // Pictures that cannot be read are not audited either, or the audit refuses them.
    let audited: Vec<Option<(usize, String, Thumbnail)>> = (0..audit.len())
        .into_par_iter()
        .map(|index| match audit.picture(index) {
            Err(fault) if fault.is_lasting() => Ok(None),
            picture => {
                let picture = picture?;
                Ok(Some((index, content(&picture), Thumbnail::of(&picture))))
            }
        })
        .collect::<Result<_, Error>>()?;
    let audited: Vec<(usize, String, Thumbnail)> = audited.into_iter().flatten().collect();
    let same: Vec<(usize, usize)> = audited
        .iter()
        .filter_map(|(index, content, _)| Some((*index, *learnt.get(content.as_str())?)))
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
    let thumbnails: Vec<&Thumbnail> = audited.iter().map(|(.., thumbnail)| thumbnail).collect();
    let own: Vec<&Thumbnail> = pool.members().iter().map(|member| &member.thumbnail).collect();
    let alike = copies(&thumbnails, &own);
    if let Some(&(first, place)) = alike.first() {
        let index = audited[first].0;
        return Err(Error::Usage(format!(
            "{} of the audit's {} pictures look like copies of pictures that are used for the correction, at another size or compressed again, the first of them '{}' ('{}' there); a correction must be tested on pictures that it has not used, so remove them from one of the two data sets",
            alike.len(),
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
    let groups_known = (0..audit.len()).all(|index| audit.group(index).is_some())
        && (0..pool.members().len()).all(|place| pool.group(place).is_some());
    Ok(Disjoint { groups_known })
}
