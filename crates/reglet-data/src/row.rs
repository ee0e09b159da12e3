//! What a line of a manifest says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use csv::StringRecord;

use crate::ProblemKind;
use crate::further::Further;
use crate::picture::Address;
use crate::picture_files::Entry;
use crate::picture_names::EXTENSIONS;
use crate::remote::{Remote, is_address, join};
use crate::table::{is_unknown, label, yes_or_no};

/// The names of the columns that a manifest's options ask for.
pub(crate) struct Asked<'a> {
    pub(crate) image: &'a str,
    pub(crate) label: &'a str,
    /// By region; `None`: those with the usual names.
    pub(crate) masks: Option<&'a BTreeMap<String, String>>,
    /// By region.
    pub(crate) flags: &'a BTreeMap<String, String>,
    pub(crate) group: Option<&'a str>,
    pub(crate) pair: Option<&'a str>,
}

/// The positions of all columns in a line.
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
    /// Finds the requested columns among the existing ones; `None` if there is no column for the pictures or their labels.
    /// Every missing column is reported as a problem.
    pub(crate) fn find(
        asked: &Asked,
        names: &[String],
        mut complain: impl FnMut(ProblemKind),
    ) -> Option<Self> {
        let mut find = |name: &str| {
            let place = names.iter().position(|other| other == name);
            if place.is_none() {
                complain(ProblemKind::NoColumn { column: name.to_owned(), columns: names.to_vec() });
            }
            Some(Column { place: place?, name: name.to_owned() })
        };
        let usual = USUAL_IMAGES.into_iter().find(|&usual| names.iter().any(|name| name == usual));
        let image = match usual {
            // If the column's name is only the default, another usual name is accepted, too.
            Some(usual)
                if USUAL_IMAGES[..2].contains(&asked.image)
                    && !names.iter().any(|name| name == asked.image) =>
            {
                find(usual)
            }
            _ => find(asked.image),
        };
        let label = find(asked.label);
        let mut find_all = |wanted: &BTreeMap<String, String>| -> BTreeMap<String, Column> {
            wanted.iter().filter_map(|(region, name)| Some((region.clone(), find(name)?))).collect()
        };
        let usual = || usual_masks(names);
        let masks = find_all(&asked.masks.cloned().unwrap_or_else(usual));
        let flags = find_all(asked.flags);
        let named = masks.values().chain(flags.values()).chain(&image).chain(&label);
        let used: Vec<&str> = named.map(|column| column.name.as_str()).collect();
        let further = Further::find(names, (asked.group, asked.pair), &used, complain);
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

    /// The picture that a line names, as it is written.
    pub(crate) fn picture<'a>(&self, record: &'a StringRecord) -> &'a str {
        record.get(self.image.place).unwrap_or_default()
    }

    /// What a line says: the picture, without its class so far, and the label. `None` if it does not name a picture. Paths
    /// are relative to `base`.
    pub(crate) fn entry(
        &self,
        base: &Path,
        line: u64,
        record: &StringRecord,
        mut complain: impl FnMut(ProblemKind),
    ) -> Option<(Entry, String)> {
        let cell = |column: &Column| record.get(column.place).unwrap_or_default();
        let label = label(&self.label.name, cell(&self.label), &mut complain);
        if cell(&self.image).is_empty() {
            complain(ProblemKind::EmptyCell { column: self.image.name.clone() });
            return None;
        }
        let mut find = |named: &str| {
            let path = join(base, named);
            if let Err(fault) = Remote::parse(&path) {
                complain(ProblemKind::Address(fault));
                return None;
            }
            let found = found(base, named);
            match found.as_slice() {
                [only] => return Some(only.clone()),
                [] if path.exists() => complain(ProblemKind::NotAFile { path }),
                [] => complain(ProblemKind::NoFile { path }),
                _ => complain(ProblemKind::SeveralFiles { id: named.to_owned(), files: found }),
            }
            Some(named.to_owned())
        };
        let masks = self.masks.iter().filter(|(_, column)| !is_unknown(cell(column)));
        let masks: BTreeMap<_, _> = masks
            .filter_map(|(region, column)| Some((region.clone(), join(base, find(cell(column))?))))
            .collect();
        let id = find(cell(&self.image))?;
        let picture = join(base, &id);
        let mut flags = BTreeMap::new();
        for (region, column) in &self.flags {
            let value = cell(column);
            match yes_or_no(value) {
                Some(flag) => _ = flags.insert(region.clone(), flag),
                None if is_unknown(value) => {}
                None => complain(ProblemKind::NotAFlag { column: column.name.clone(), value: value.into() }),
            }
        }
        let (about, line) = (self.further.read(record), Some(line));
        Some((Entry { id, picture, label: 0, masks, flags, annotated: None, about, line }, label))
    }
}

/// The files that a table may refer to: the one that it names or, if that does not exist, the pictures of that name with an
/// extension. In an object store every file is assumed to exist under exactly that name, because a request for each would
/// take too long; a missing file is noticed when it is read.
fn found(base: &Path, named: &str) -> Vec<String> {
    let path = join(base, named);
    if is_address(&path) || Address::is_file(&path) {
        return vec![named.to_owned()];
    }
    let with_extension = EXTENSIONS.iter().flat_map(|extension| {
        // On a file system that ignores case, both are the same file.
        let spelt = [(*extension).to_owned(), extension.to_uppercase()];
        spelt
            .into_iter()
            .map(|extension| format!("{named}.{extension}"))
            .find(|file| base.join(file).is_file())
    });
    with_extension.collect()
}

/// The usual names of the column that contains the pictures. The first two are the defaults of the options.
const USUAL_IMAGES: [&str; 5] = ["image", "file_name", "isic_id", "image_id", "image_name"];

/// The regions whose column of masks tells its region by its name.
fn usual_masks(columns: &[String]) -> BTreeMap<String, String> {
    let region = |column: &String| {
        let region = column.strip_suffix("_mask").or_else(|| column.strip_suffix("_mask_file_name"));
        region.map(str::to_owned)
    };
    columns.iter().filter_map(|column| Some((region(column)?, column.clone()))).collect()
}
