//! What a table says about a picture besides its class and its regions.

use csv::StringRecord;

use crate::ProblemKind;
use crate::table::is_unknown;

/// What a line says about a picture besides its class and its regions.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    /// Pictures of one group are not independent.
    pub(crate) group: Option<String>,
    /// The pictures of a pair show the same lesion, with the artefact and without.
    pub(crate) pair: Option<String>,
    /// The further columns, in the order of their names in [`Further::names`].
    pub(crate) cells: StringRecord,
}

/// The columns that contain this.
pub(crate) struct Further {
    group: Option<usize>,
    pair: Option<usize>,
    /// The positions of the columns that are not used otherwise.
    places: Vec<usize>,
    names: Vec<String>,
}

impl Further {
    /// Finds the columns of groups and pairs, if they are requested; a missing column is reported as a problem. Every column
    /// that is neither of them nor already `used` is a further column. If only pairs are requested, each pair is also a
    /// group, because it shows one lesion.
    pub(crate) fn find(
        columns: &[String],
        (group, pair): (Option<&str>, Option<&str>),
        used: &[&str],
        mut complain: impl FnMut(ProblemKind),
    ) -> Self {
        let mut find = |name: &str| {
            let place = columns.iter().position(|other| other == name);
            if place.is_none() {
                let (column, columns) = (name.to_owned(), columns.to_vec());
                complain(ProblemKind::NoColumn { column, columns });
            }
            place
        };
        let (group, pair) = (group.and_then(&mut find), pair.and_then(find));
        let further = |&(place, name): &(usize, &String)| {
            !name.is_empty() && ![group, pair].contains(&Some(place)) && !used.contains(&name.as_str())
        };
        let (places, names) =
            (0..).zip(columns).filter(further).map(|(place, name)| (place, name.clone())).unzip();
        Self { group: group.or(pair), pair, places, names }
    }

    /// The names of the further columns, as the table orders them.
    pub(crate) fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    /// What a line says. A cell that is empty, or contains a marker for a missing value, is ignored.
    pub(crate) fn read(&self, record: &StringRecord) -> About {
        let cell = |place: usize| record.get(place).unwrap_or_default();
        let said = |place: Option<usize>| place.map(cell).filter(|cell| !is_unknown(cell)).map(String::from);
        let cells = self.places.iter().map(|&place| cell(place)).collect();
        About { group: said(self.group), pair: said(self.pair), cells }
    }
}
