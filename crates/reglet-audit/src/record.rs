//! The record: all measurements of an audit, as saved beside its results. Everything else is computed from it and the
//! config.
//!
//! | file in `rows/` | contains |
//! |---|---|
//! | `observations.parquet` | the models' answers: a row for each model, picture and change |
//! | `maps.parquet` | the localisation of maps: a row for each map and region |
//! | `pictures.bin` | what the report shows: pictures, outlines and maps, encoded |
//! | `run.json` | what was audited, by what, and the checksums of the other files |

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use data_encoding::HEXLOWER;
use reglet_data::edit::Insertion;
use reglet_evidence::{Rows, Subject, Table, Tried};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::observed::Shown;
use crate::results::{Clustering, Provenance, Unread};
use crate::{Error, Output};

/// The version of the files in `rows/`.
const VERSION: u32 = 2;

/// The folder within that of the results.
const FOLDER: &str = "rows";

/// All measurements of an audit. [`judge`](crate::judge) draws the conclusions from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub(crate) run: Run,
    pub(crate) rows: Rows,
    pub(crate) shown: Vec<Shown>,
    pub(crate) clusterings: Vec<Kinds>,
}

/// What was audited, and with which versions and settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub provenance: Provenance,
    /// The name of the data set.
    pub data: String,
    /// The SHA-256 of all data that were read.
    pub fingerprint: String,
    /// The regions that the data set has.
    pub regions: Vec<String>,
    /// In the subject's order.
    pub models: Vec<ModelFacts>,
    /// In the subject's order: how each artefact was inserted into pictures.
    pub insertions: Vec<Insertion>,
    /// In the subject's order: see [`EditOptions::resolution`](reglet_data::edit::EditOptions::resolution).
    pub resolutions: Vec<Option<u32>>,
    /// Whether maps can be trusted.
    pub tried: Vec<Tried>,
    /// The pictures of the data set that could not be read: there are no rows of them.
    #[serde(default)]
    pub unread: Vec<Unread>,
}

/// What is known of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ModelFacts {
    pub architecture: String,
    pub weights_sha256: String,
    /// Assumptions and findings about it that its numbers depend on, one sentence each.
    pub notes: Vec<String>,
}

/// The kinds of maps of one model and target, with the encoded pictures that show them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kinds {
    pub model: usize,
    pub target: usize,
    pub clusterings: Vec<Clustering>,
    /// By method, cluster and typical picture.
    pub pictures: Vec<Drawn>,
}

/// A picture with a map to lay over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Drawn {
    /// Its width and height in pixels.
    pub size: (u32, u32),
    /// The picture, as JPEG.
    pub picture: Vec<u8>,
    /// The map, as PNG.
    pub layer: Vec<u8>,
}

/// `run.json`.
#[derive(Serialize, Deserialize)]
struct Manifest {
    version: u32,
    subject: Subject,
    pictures: usize,
    observations: usize,
    maps: usize,
    /// By file: its SHA-256.
    files: BTreeMap<String, String>,
    run: Run,
}

/// `pictures.bin`.
#[derive(Serialize, Deserialize)]
struct Pictures {
    shown: Vec<Shown>,
    clusterings: Vec<Kinds>,
}

fn hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

impl Record {
    /// The models' answers, and how their maps are distributed.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Whether the methods' maps can be trusted, by model and target.
    pub fn tried(&self) -> &[Tried] {
        &self.run.tried
    }

    /// Writes the record into the folder `rows` of the results.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub(crate) fn write(&self, output: &mut Output) -> Result<(), Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Usage(format!("cannot write the rows: {error}"));
        let observations = self.rows.observations_parquet().map_err(|error| failed(&error))?;
        let maps = self.rows.maps_table().to_parquet("maps").map_err(|error| failed(&error))?;
        let pictures = Pictures { shown: self.shown.clone(), clusterings: self.clusterings.clone() };
        let pictures = postcard::to_stdvec(&pictures).map_err(|error| failed(&error))?;
        let mut files = BTreeMap::new();
        for (name, bytes) in
            [("observations.parquet", observations), ("maps.parquet", maps), ("pictures.bin", pictures)]
        {
            files.insert(name.to_owned(), hash(&bytes));
            output.write(format!("{FOLDER}/{name}"), &bytes)?;
        }
        let manifest = Manifest {
            version: VERSION,
            subject: self.rows.subject.clone(),
            pictures: self.rows.pictures.len(),
            observations: self.rows.observations.len(),
            maps: self.rows.maps.len(),
            files,
            run: self.run.clone(),
        };
        let text = serde_json::to_string_pretty(&manifest).map_err(|error| failed(&error))?;
        output.write(format!("{FOLDER}/run.json"), format!("{text}\n").as_bytes())
    }

    /// Reads the record of the results in `results`.
    ///
    /// # Errors
    /// [`Error::Usage`] if there is none, or a file is missing, damaged, or of another version.
    pub fn read(results: &Path) -> Result<Record, Error> {
        let folder = results.join(FOLDER);
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|error| {
                Error::Usage(format!(
                    "cannot read {}: {error}; give the results folder of an audit, which contains its rows",
                    path.display()
                ))
            })
        };
        let text = read("run.json")?;
        let fault = |what: String| Error::Usage(format!("{}: {what}", folder.join("run.json").display()));
        let version: Version =
            serde_json::from_slice(&text).map_err(|error| fault(format!("is damaged: {error}")))?;
        if version.version != VERSION {
            return Err(fault(format!(
                "the rows have the format version {}, but this version of Reglet reads version {VERSION}; run the audit again",
                version.version
            )));
        }
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| fault(format!("is damaged: {error}")))?;
        let file = |name: &str| {
            let bytes = read(name)?;
            match manifest.files.get(name) {
                Some(known) if *known == hash(&bytes) => Ok(bytes),
                _ => Err(Error::Usage(format!(
                    "{} is not the file that the audit wrote, because its checksum differs; run the audit again",
                    folder.join(name).display()
                ))),
            }
        };
        let table = |name: &str| {
            Table::from_parquet(file(name)?)
                .map_err(|error| Error::Usage(format!("{}: {error}", folder.join(name).display())))
        };
        let rows =
            Rows::from_tables(manifest.subject, &table("observations.parquet")?, &table("maps.parquet")?)
                .map_err(|error| Error::Usage(error.to_string()))?;
        let counts = [rows.pictures.len(), rows.observations.len(), rows.maps.len()];
        if counts != [manifest.pictures, manifest.observations, manifest.maps] {
            return Err(fault(
                "the number of rows differs from that in run.json; run the audit again".to_owned(),
            ));
        }
        let pictures: Pictures = postcard::from_bytes(&file("pictures.bin")?)
            .map_err(|error| Error::Usage(format!("{}: {error}", folder.join("pictures.bin").display())))?;
        let record =
            Record { run: manifest.run, rows, shown: pictures.shown, clusterings: pictures.clusterings };
        record.check().map(|()| record)
    }

    /// Whether every model was asked about every picture as it is, and all that refers to something refers to what is there.
    ///
    /// # Errors
    /// [`Error::Usage`] that names what is missing.
    pub fn check(&self) -> Result<(), Error> {
        let Subject { models, artefacts, targets, methods, .. } = &self.rows.subject;
        let mut asked = vec![0_usize; models.len() * self.rows.pictures.len()];
        for row in self.rows.observations.iter().filter(|row| row.edit.is_none()) {
            asked[row.model * self.rows.pictures.len() + row.picture] += 1;
        }
        if let Some(at) = asked.iter().position(|count| *count != 1) {
            let (model, picture) = (at / self.rows.pictures.len(), at % self.rows.pictures.len());
            return Err(Error::Usage(format!(
                "the rows are incomplete: there are {} rows, instead of one, for the model {} and the unchanged picture {}; run the audit again",
                asked[at], models[model], self.rows.pictures[picture].id
            )));
        }
        let shown = self.shown.iter().all(|shown| {
            shown.picture < self.rows.pictures.len()
                && shown.model < models.len()
                && shown.edited.iter().all(|(artefact, ..)| *artefact < artefacts.len())
                && shown
                    .layers
                    .iter()
                    .all(|(target, method, _)| *target < targets.len() && *method < methods.len())
        });
        let facts = self.run.models.len() == models.len()
            && self.run.insertions.len() == artefacts.len()
            && self.run.resolutions.len() == artefacts.len();
        match shown && facts {
            true => Ok(()),
            false => Err(Error::Usage(
                "the rows refer to entries that do not exist; run the audit again".to_owned(),
            )),
        }
    }
}

/// The first thing that is read of `run.json`.
#[derive(Deserialize)]
struct Version {
    version: u32,
}
