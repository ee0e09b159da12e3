//! A config's text: finding it, reading it, applying overrides, and locating errors in it.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use miette::NamedSource;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use toml_edit::{DocumentMut, Item, Table, Value};

use crate::{ConfigError, Error, shipped};

/// A config as it was read, with the information for locating errors in it.
pub(crate) struct Document<T> {
    /// What it says.
    pub config: T,
    /// Its text, overrides applied.
    pub source: Source,
    /// The folder that its relative paths start from.
    pub folder: PathBuf,
}

impl<T: DeserializeOwned> Document<T> {
    /// Reads a config and applies `key=value` overrides.
    ///
    /// # Errors
    /// [`Error::Usage`] for a file that is not there; a mistake in it is shown at its line.
    pub fn read(name: &Path, overrides: &[String]) -> Result<Document<T>, Error> {
        let path = find(name)?;
        let text = fs::read_to_string(&path)
            .map_err(|error| Error::Usage(format!("cannot read the config {}: {error}", path.display())))?;
        let source = Source { name: path.display().to_string(), text };
        Document::of(source.with_overrides(overrides)?, path.parent().unwrap_or(Path::new(".")))
    }

    /// Reads a config whose relative paths start from `folder`.
    ///
    /// # Errors
    /// A mistake in it, shown at its line.
    pub fn of(source: Source, folder: &Path) -> Result<Document<T>, Error> {
        let config = toml::from_str(&source.text)
            .map_err(|error| source.fault(error.message().to_owned(), error.span()))?;
        Ok(Document { config, source, folder: folder.to_owned() })
    }
}

/// The file called `name`: as a path, in a folder `configs`, or among those that come with the program.
fn find(name: &Path) -> Result<PathBuf, Error> {
    let plain = name.to_str().filter(|_| name.components().count() == 1);
    let nearby = plain.map(|plain| Path::new("configs").join(plain));
    if let Some(found) = [Some(name.to_owned()), nearby].into_iter().flatten().find(|path| path.is_file()) {
        return Ok(found);
    }
    let shipped = plain.map(shipped::find).transpose()?.flatten();
    shipped.ok_or_else(|| {
        let known = shipped::names().collect::<Vec<_>>().join(", ");
        Error::Usage(format!("there is no config {}; these come with Reglet: {known}", name.display()))
    })
}

/// A config's text, to point into.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Source {
    /// A text that came from no file.
    pub(crate) fn of_text(name: &str, text: String) -> Source {
        Source { name: name.to_owned(), text }
    }

    /// A value as TOML.
    ///
    /// # Errors
    /// [`Error::Usage`] for a value that TOML has no word for.
    pub(crate) fn of_value(name: &str, value: &impl Serialize) -> Result<Source, Error> {
        let text = toml::to_string(value)
            .map_err(|error| Error::Usage(format!("the {name} cannot be written as TOML: {error}")))?;
        Ok(Source::of_text(name, text))
    }

    /// The SHA-256 of the text, in hexadecimal.
    pub(crate) fn sha256(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(&self.text))
    }

    fn fault(&self, message: String, span: Option<Range<usize>>) -> Error {
        Error::Config(Box::new(ConfigError {
            message,
            source_code: NamedSource::new(&self.name, self.text.clone()),
            span: span.map(Into::into),
        }))
    }

    /// A fault of the value at a dotted key, shown there, or at the nearest table around it.
    pub(crate) fn at(&self, key: &str, message: &str) -> Error {
        let document = toml_edit::Document::parse(self.text.as_str()).ok();
        let span = document.and_then(|document| {
            let mut item: &Item = document.as_item();
            let mut span = None;
            for part in key.split('.') {
                let Some(next) = item.get(part) else { break };
                span = next.span().or(span);
                item = next;
            }
            span
        });
        self.fault(message.to_owned(), span)
    }

    /// The text with `key=value` overrides applied; keys are dotted, and values are TOML or else plain text. A value that is
    /// an existing path relative to the current folder is taken relative to it.
    pub(crate) fn with_overrides(self, overrides: &[String]) -> Result<Source, Error> {
        if overrides.is_empty() {
            return Ok(self);
        }
        let mut document: DocumentMut = self
            .text
            .parse()
            .map_err(|error: toml_edit::TomlError| self.fault(error.message().to_owned(), error.span()))?;
        for setting in overrides {
            let (key, value) = setting.split_once('=').ok_or_else(|| {
                Error::Usage(format!("--set {setting}: write key=value, such as --set seed=3"))
            })?;
            let keys: Vec<&str> = key.trim().split('.').collect();
            let value: Value = value.parse().unwrap_or_else(|_| Value::from(local(value)));
            let mut item = document.as_item_mut();
            for part in &keys[..keys.len() - 1] {
                let table = item.as_table_like_mut().ok_or_else(|| {
                    Error::Usage(format!("--set {setting}: '{part}' is inside a value that is not a table"))
                })?;
                item = table.entry(part).or_insert(Item::Table(Table::new()));
            }
            let last = keys[keys.len() - 1];
            let table = item.as_table_like_mut();
            let table = table.filter(|_| !last.is_empty()).ok_or_else(|| {
                Error::Usage(format!("--set {setting}: there is no table to put '{last}' into"))
            })?;
            table.insert(last, Item::Value(value));
        }
        Ok(Source { name: format!("{} with --set", self.name), text: document.to_string() })
    }
}

/// The text, or the absolute path if it names something in the current folder.
fn local(text: &str) -> String {
    let path = Path::new(text);
    let absolute = path.exists().then(|| std::path::absolute(path).ok()).flatten();
    absolute.map_or_else(|| text.to_owned(), |path| path.display().to_string())
}
