//! Further suspects: simple properties of the pictures and columns of the data that are associated with the label, or with
//! the score given the label.

use std::collections::{BTreeMap, BTreeSet};

use reglet_evidence::{Picture, Rows};
use reglet_statistics::{Relation, category_with_label, holm, number_with_label, number_with_score};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One property or column, and the strength of its association.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// Whether it is a column of the data; otherwise, it is measured on the picture.
    pub column: bool,
    /// The number of pictures for which it is known.
    pub pictures: usize,
    /// The strength of the association: 0 is none, 1 is the maximum, and negative values mean that one falls as the other
    /// rises.
    pub strength: f64,
    /// What `strength` is.
    pub measure: Strength,
    /// Its p-value, corrected for all properties and columns (Holm).
    pub p: f64,
}

/// A measure of association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Somers' D: twice the area under the ROC curve minus one.
    SomersD,
    /// Cramér's V.
    CramersV,
    /// The rank correlation within each class, pooled.
    RankCorrelation,
}

/// A column with more non-numerical values than this identifies individual pictures rather than kinds of pictures.
const MOST_VALUES: usize = 40;

/// The values of one property or column for all pictures.
enum Known {
    Numbers(Vec<f64>),
    Kinds(Vec<Option<u32>>),
}

/// The properties associated with the class number `class`, the strongest first.
pub(crate) fn of_label(pictures: &[Picture], class: Option<usize>, seed: u64) -> Vec<Property> {
    let Some(class) = class else { return Vec::new() };
    let labels: Vec<bool> = pictures.iter().map(|picture| picture.label == class).collect();
    let groups = groups(pictures);
    ranked(all(pictures), |known| match known {
        Known::Numbers(values) => {
            let found = number_with_label(values, &labels, &groups)?;
            // The strength is an area under the ROC curve.
            Some((Relation { strength: 2.0 * found.strength - 1.0, ..found }, Strength::SomersD))
        }
        Known::Kinds(values) => {
            Some((category_with_label(values, &labels, &groups, seed)?, Strength::CramersV))
        }
    })
}

/// The properties associated with a model's score of a target among the pictures of one class, the strongest first.
pub(crate) fn of_score(rows: &Rows, model: usize, target: usize, seed: u64) -> Vec<Property> {
    let mut scores = vec![f64::NAN; rows.pictures.len()];
    for row in rows.observations.iter().filter(|row| row.model == model && row.edit.is_none()) {
        scores[row.picture] = row.scores[target].margin;
    }
    let strata: Vec<u32> = rows.pictures.iter().map(|picture| picture.label as u32).collect();
    let groups = groups(&rows.pictures);
    ranked(all(&rows.pictures), |known| match known {
        Known::Numbers(values) => {
            let found = number_with_score(values, &scores, &strata, &groups, seed)?;
            Some((found, Strength::RankCorrelation))
        }
        Known::Kinds(_) => None,
    })
}

/// The strongest first, with p-values corrected for all of them.
fn ranked(
    all: Vec<(String, bool, Known)>,
    relate: impl Fn(&Known) -> Option<(Relation, Strength)>,
) -> Vec<Property> {
    let found: Vec<_> = all
        .iter()
        .filter_map(|(name, column, known)| Some((name, *column, known.count(), relate(known)?)))
        .collect();
    let corrected = holm(&found.iter().map(|(.., (relation, _))| relation.p).collect::<Vec<_>>());
    let mut properties: Vec<Property> = found
        .into_iter()
        .zip(corrected)
        .map(|((name, column, pictures, (relation, measure)), p)| Property {
            name: name.clone(),
            column,
            pictures,
            strength: relation.strength,
            measure,
            p,
        })
        .filter(|property| property.strength.is_finite() && property.p.is_finite())
        .collect();
    properties.sort_by(|a, b| b.strength.abs().total_cmp(&a.strength.abs()).then(a.name.cmp(&b.name)));
    properties
}

impl Known {
    fn count(&self) -> usize {
        match self {
            Known::Numbers(values) => values.iter().filter(|value| value.is_finite()).count(),
            Known::Kinds(values) => values.iter().flatten().count(),
        }
    }
}

/// Every property and column with different values.
fn all(pictures: &[Picture]) -> Vec<(String, bool, Known)> {
    let mut all = Vec::new();
    let names: BTreeSet<&String> = pictures.iter().flat_map(|picture| picture.properties.keys()).collect();
    for name in names {
        let value = |picture: &Picture| picture.properties.get(name).copied().unwrap_or(f64::NAN);
        all.push((name.clone(), false, Known::Numbers(pictures.iter().map(value).collect())));
    }
    let names: BTreeSet<&String> = pictures.iter().flat_map(|picture| picture.columns.keys()).collect();
    for name in names {
        let cells: Vec<Option<&str>> =
            pictures.iter().map(|picture| picture.columns.get(name).map(|cell| cell.trim())).collect();
        let numbers = cells.iter().flatten().all(|cell| cell.parse::<f64>().is_ok_and(f64::is_finite));
        let kinds: BTreeSet<&str> = cells.iter().flatten().copied().collect();
        if numbers {
            let value = |cell: &Option<&str>| cell.and_then(|cell| cell.parse().ok()).unwrap_or(f64::NAN);
            all.push((name.clone(), true, Known::Numbers(cells.iter().map(value).collect())));
        } else if kinds.len() <= MOST_VALUES {
            let numbered: BTreeMap<&str, u32> = kinds.into_iter().zip(0..).collect();
            let kind = |cell: &Option<&str>| cell.and_then(|cell| numbered.get(cell).copied());
            all.push((name.clone(), true, Known::Kinds(cells.iter().map(kind).collect())));
        }
    }
    // A constant is not correlated with anything.
    all.retain(|(.., known)| match known {
        Known::Numbers(values) => {
            let mut finite = values.iter().filter(|value| value.is_finite());
            finite.next().is_some_and(|first| finite.any(|value| value != first))
        }
        Known::Kinds(values) => values.iter().flatten().collect::<BTreeSet<_>>().len() > 1,
    });
    all
}

fn groups(pictures: &[Picture]) -> Vec<u32> {
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    let mut next = 0..;
    let mut fresh = || next.next().unwrap_or(u32::MAX);
    pictures
        .iter()
        .map(|picture| match picture.group.as_deref() {
            Some(name) => *known.entry(name).or_insert_with(&mut fresh),
            None => fresh(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures() -> Vec<Picture> {
        (0..80)
            .map(|index| {
                let label = index % 2;
                let noise = (index * 7919 % 101) as f64 / 101.0;
                Picture {
                    id: index.to_string(),
                    label,
                    properties: BTreeMap::from([
                        ("brightness".to_owned(), label as f64 + noise),
                        ("contrast".to_owned(), noise),
                        ("width".to_owned(), 128.0),
                    ]),
                    columns: BTreeMap::from([
                        ("site".to_owned(), if (index * 31 % 17) < 8 { "back" } else { "leg" }.to_owned()),
                        (
                            "device".to_owned(),
                            if label == 1 || index % 4 == 0 { "A" } else { "B" }.to_owned(),
                        ),
                        ("age".to_owned(), format!("{}", 20 + index % 50)),
                        ("file".to_owned(), format!("picture {index}")),
                    ]),
                    ..Picture::default()
                }
            })
            .collect()
    }

    #[test]
    fn what_goes_with_the_label_comes_first_and_what_tells_nothing_is_left_out() {
        let found = of_label(&pictures(), Some(1), 1);
        let names: Vec<&str> = found.iter().map(|property| property.name.as_str()).collect();
        assert_eq!(names[..2], ["brightness", "device"], "{found:?}");
        assert!(found[0].strength > 0.9 && found[0].p < 1e-6 && !found[0].column, "{found:?}");
        assert!(found[1].measure == Strength::CramersV && found[1].p < 0.01, "{found:?}");
        assert!(found[2..].iter().all(|property| property.p > 0.05), "{found:?}");
        assert!(!names.contains(&"width") && !names.contains(&"file"), "{names:?}");
        assert!(of_label(&pictures(), None, 1).is_empty());
    }
}
