use csv::StringRecord;

use crate::ProblemKind;
use crate::table::{label, yes_or_no};

/// The columns of 2016, whose table does not name them.
pub(super) const OF_2016: [&str; 2] = ["image_id", "malignant"];

/// The columns that may hold the pictures' ids: 2016 and 2017, 2018 and 2019, 2020, the archive's own tables.
pub(super) const IDS: [&str; 4] = ["image_id", "image", "image_name", "isic_id"];

/// The column of the archive's own tables that holds `Benign`, `Malignant` or `Indeterminate`.
const OF_THE_ARCHIVE: &str = "diagnosis_1";

/// The columns that contain 1 if the picture shows the diagnosis that they are named after, and 0 otherwise.
const INDICATORS: [&str; 12] = [
    "MEL",
    "NV",
    "BCC",
    "AKIEC",
    "AK",
    "BKL",
    "DF",
    "VASC",
    "SCC",
    "UNK",
    "melanoma",
    "seborrheic_keratosis",
];

/// In 2017 the table has no column for nevi: they are what is neither of the two others.
const NEVUS: &str = "nevus";

/// Where the ids and the labels are in a table, and how they are written.
pub(super) struct Diagnoses {
    id: Column,
    labels: Labels,
}

struct Column {
    place: usize,
    name: String,
}

enum Labels {
    /// A column holds the label itself.
    Written(Column),
    /// A column holds 1 for malignant.
    Malignant(Column),
    /// Each label has a column; `otherwise` is the label of a picture with 0 in all of them.
    Indicated { columns: Vec<Column>, otherwise: Option<&'static str> },
}

impl Diagnoses {
    /// Finds the columns. `None` if there is no column for the ids or the labels, which is reported as a problem. `label`
    /// names another column than the usual ones.
    pub(super) fn find(
        columns: &[String],
        label: Option<&str>,
        mut complain: impl FnMut(ProblemKind),
    ) -> Option<Self> {
        let find = |name: &str| {
            let place = columns.iter().position(|other| other == name)?;
            Some(Column { place, name: name.to_owned() })
        };
        let mut missing = |column: &str| {
            complain(ProblemKind::NoColumn { column: column.to_owned(), columns: columns.to_vec() });
        };
        let id = IDS.iter().find_map(|name| find(name));
        if id.is_none() {
            missing(IDS[0]);
        }
        let indicated: Vec<Column> = {
            let names = columns.iter().filter(|name| INDICATORS.contains(&name.as_str()));
            names.filter_map(|name| find(name)).collect()
        };
        let labels = if let Some(label) = label {
            find(label).map(Labels::Written)
        } else if columns == OF_2016 {
            find(OF_2016[1]).map(Labels::Malignant)
        } else if let Some(column) = find("benign_malignant") {
            Some(Labels::Written(column))
        } else if let (true, Some(column)) = (indicated.is_empty(), find(OF_THE_ARCHIVE)) {
            Some(Labels::Written(column))
        } else if indicated.is_empty() {
            None
        } else {
            let of_2017 = indicated.iter().all(|column| column.name.contains(char::is_lowercase));
            Some(Labels::Indicated { columns: indicated, otherwise: of_2017.then_some(NEVUS) })
        };
        if labels.is_none() {
            missing(label.unwrap_or("benign_malignant"));
        }
        Some(Self { id: id?, labels: labels? })
    }

    /// The id and the label of a line. The label is empty if a problem with it has been reported; `None` for a line without
    /// an id.
    pub(super) fn read<'a>(
        &self,
        record: &'a StringRecord,
        mut complain: impl FnMut(ProblemKind),
    ) -> Option<(&'a str, String)> {
        let cell = |column: &Column| record.get(column.place).unwrap_or_default();
        let id = cell(&self.id);
        if id.is_empty() {
            complain(ProblemKind::EmptyCell { column: self.id.name.clone() });
            return None;
        }
        let label = match &self.labels {
            Labels::Written(column) => label(&column.name, cell(column), &mut complain),
            Labels::Malignant(column) => match yes_or_no(cell(column)) {
                Some(true) => "malignant".to_owned(),
                Some(false) => "benign".to_owned(),
                None => label(&column.name, cell(column), &mut complain),
            },
            Labels::Indicated { columns, otherwise } => {
                let mut labels = Vec::new();
                for column in columns {
                    match yes_or_no(cell(column)) {
                        Some(true) => labels.push(column.name.clone()),
                        Some(false) => {}
                        None => {
                            complain(ProblemKind::Malformed(format!(
                                "the column `{}` says `{}`, which is neither 1 nor 0: give the ground truth",
                                column.name,
                                cell(column)
                            )));
                            return Some((id, String::new()));
                        }
                    }
                }
                match (labels.as_slice(), otherwise) {
                    ([label], _) => label.clone(),
                    ([], Some(otherwise)) => (*otherwise).to_owned(),
                    ([], None) => {
                        complain(ProblemKind::NoLabel { labels: names(columns) });
                        String::new()
                    }
                    _ => {
                        complain(ProblemKind::SeveralLabels { labels });
                        String::new()
                    }
                }
            }
        };
        Some((id, label))
    }

    /// The names of the columns that hold the ids and the labels.
    pub(super) fn columns(&self) -> Vec<&str> {
        let labels = match &self.labels {
            Labels::Written(column) | Labels::Malignant(column) => std::slice::from_ref(column),
            Labels::Indicated { columns, .. } => columns,
        };
        labels.iter().chain([&self.id]).map(|column| column.name.as_str()).collect()
    }

    /// The labels that there are whether or not a picture has them; none, where only the table tells.
    pub(super) fn known(&self) -> Vec<String> {
        match &self.labels {
            Labels::Written(_) => Vec::new(),
            Labels::Malignant(_) => ["benign", "malignant"].map(String::from).to_vec(),
            Labels::Indicated { columns, otherwise } => {
                let mut known = names(columns);
                known.extend(otherwise.map(String::from));
                known
            }
        }
    }
}

fn names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}
