//! What a line of a manifest says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use csv::StringRecord;

use crate::further::Further;
use crate::picture_files::Entry;
use crate::{ManifestOptions, ProblemKind};

/// Where in a line everything stands.
pub(crate) struct Columns {
    image: Column,
    label: Column,
    /// By region.
    masks: BTreeMap<String, Column>,
    /// By region.
    flags: BTreeMap<String, Column>,
    further: Further,
}

/// A column's place in the line and its name.
struct Column {
    place: usize,
    name: String,
}

impl Columns {
    /// Finds the columns that are asked for among those that are there; nothing, where there is none for the
    /// pictures or their labels. Every column that is missing is complained of.
    pub(crate) fn find(
        options: &ManifestOptions,
        names: &[String],
        mut complain: impl FnMut(ProblemKind),
    ) -> Option<Self> {
        let mut find = |name: &String| {
            let place = names.iter().position(|other| other == name);
            if place.is_none() {
                complain(ProblemKind::NoColumn { column: name.clone(), columns: names.to_vec() });
            }
            Some(Column { place: place?, name: name.clone() })
        };
        let (image, label) = (find(&options.image), find(&options.label));
        let mut find_all = |wanted: &BTreeMap<String, String>| -> BTreeMap<String, Column> {
            wanted.iter().filter_map(|(region, name)| Some((region.clone(), find(name)?))).collect()
        };
        let usual = || usual_masks(names);
        let masks = find_all(&options.masks.clone().unwrap_or_else(usual));
        let flags = find_all(&options.flags);
        let named = masks.values().chain(flags.values()).chain(&image).chain(&label);
        let used: Vec<&str> = named.map(|column| column.name.as_str()).collect();
        let asked = (options.group.as_deref(), options.pair.as_deref());
        let further = Further::find(names, asked, &used, complain);
        Some(Self { image: image?, label: label?, masks, flags, further })
    }

    /// The regions that have a column.
    pub(crate) fn regions(&self) -> BTreeSet<String> {
        self.masks.keys().chain(self.flags.keys()).cloned().collect()
    }

    /// The names of the columns that nothing here uses.
    pub(crate) fn further(&self) -> Vec<String> {
        self.further.names()
    }

    /// What a line says: the picture, as yet without its class, and the label. Nothing, where it names no
    /// picture. Paths are relative to `base`.
    pub(crate) fn entry(
        &self,
        base: &Path,
        line: u64,
        record: &StringRecord,
        mut complain: impl FnMut(ProblemKind),
    ) -> Option<(Entry, String)> {
        let cell = |column: &Column| record.get(column.place).unwrap_or_default();
        for column in [&self.image, &self.label] {
            if cell(column).is_empty() {
                complain(ProblemKind::EmptyCell { column: column.name.clone() });
            }
        }
        let (id, label) = (cell(&self.image).to_owned(), cell(&self.label).to_owned());
        if id.is_empty() {
            return None;
        }
        let picture = base.join(&id);
        let masks = self.masks.iter().filter(|(_, column)| !cell(column).is_empty());
        let masks: BTreeMap<_, _> =
            masks.map(|(region, column)| (region.clone(), base.join(cell(column)))).collect();
        for path in masks.values().chain([&picture]).filter(|path| !path.is_file()) {
            complain(ProblemKind::NoFile { path: path.clone() });
        }
        let mut flags = BTreeMap::new();
        for (region, column) in &self.flags {
            let flag = match cell(column) {
                "" => continue,
                "0" => false,
                "1" => true,
                value => {
                    complain(ProblemKind::NotAFlag { column: column.name.clone(), value: value.into() });
                    continue;
                }
            };
            flags.insert(region.clone(), flag);
        }
        let (about, line) = (self.further.read(record), Some(line));
        Some((Entry { id, picture, label: 0, masks, flags, annotated: None, about, line }, label))
    }
}

/// The regions whose column of masks tells its region by its name.
fn usual_masks(columns: &[String]) -> BTreeMap<String, String> {
    let region = |column: &String| {
        let region = column.strip_suffix("_mask").or_else(|| column.strip_suffix("_mask_file_name"));
        region.map(str::to_owned)
    };
    columns.iter().filter_map(|column| Some((region(column)?, column.clone()))).collect()
}
