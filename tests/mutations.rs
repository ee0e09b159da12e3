//! Files changed at random, a few hundred of each kind, always the same ones: whatever is in a file, reading it ends in a
//! model or in one sentence. `fuzz` looks for such files without an end; this is what every run of the tests can afford.

use std::fs::{self, File};
use std::io::{Cursor, Read, Write};
use std::path::Path;

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reglet_model::{ImportOptions, Model, ModelError, Weights};
use reglet_tests::fixtures;
use serde_json::{Value, json};
use zip::read::{ArchiveOffset, Config};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Numbers at which readers break.
const LIMITS: [i64; 8] = [0, 1, -1, 0x7f, 1 << 31, 1 << 40, i64::MAX, i64::MIN];

/// A file's bytes with one fault: a bit turned over, bytes overwritten with a number, or a part left out, said twice or moved.
fn damaged(bytes: &[u8], dice: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.is_empty() {
        return bytes;
    }
    let place = dice.random_range(0..bytes.len());
    let end = (place + dice.random_range(1..=64)).min(bytes.len());
    match dice.random_range(0..5) {
        0 => bytes[place] ^= 1 << dice.random_range(0..8),
        1 => {
            let number = LIMITS.choose(dice).expect("some").to_le_bytes();
            let count = (bytes.len() - place).min(*[1, 2, 4, 8].choose(dice).expect("some"));
            bytes[place..place + count].copy_from_slice(&number[..count]);
        }
        2 => drop(bytes.drain(place..end)),
        3 => {
            let part = bytes[place..end].to_vec();
            let to = dice.random_range(0..=bytes.len());
            bytes.splice(to..to, part);
        }
        _ => bytes.truncate(place),
    }
    bytes
}

/// A document with one value, however deep, replaced by one that nobody expects.
fn surprised(document: &mut Value, dice: &mut ChaCha8Rng) {
    let mut value = document;
    while dice.random_range(0..8) > 0 {
        let count = match value {
            Value::Array(values) => values.len(),
            Value::Object(members) => members.len(),
            _ => 0,
        };
        if count == 0 {
            break;
        }
        let place = dice.random_range(0..count);
        value = match value {
            Value::Array(values) => &mut values[place],
            Value::Object(members) => members.values_mut().nth(place).expect("one of them"),
            leaf => leaf,
        };
    }
    *value = match dice.random_range(0..6) {
        0 => Value::Null,
        1 => json!(*LIMITS.choose(dice).expect("some")),
        2 => json!({ "as_int": *LIMITS.choose(dice).expect("some") }),
        3 => json!([value.clone(), value.clone()]),
        4 => json!({ "as_expr": { "expr_str": "Mod(Symbol('s0'), Integer(0))" } }),
        _ => json!("../x"),
    };
}

/// The entries of an archive.
fn entries(archive: &Path) -> Vec<(String, Vec<u8>)> {
    // Detection errs where the first entry's name has a certain length.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let file = File::open(archive).expect("committed");
    let mut archive = ZipArchive::with_config(config, file).expect("an archive");
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).expect("an entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its bytes");
        entries.push((entry.name().expect("a name").into_owned(), bytes));
    }
    entries
}

/// An archive of these entries, with their right checksums.
fn packed(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in entries {
        writer.start_file(name.as_str(), options).expect("a new name");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

/// Reads each of the files, and returns how many were refused; each refusal is checked to be one sentence.
fn refused(
    files: impl Iterator<Item = Vec<u8>>,
    name: &str,
    read: impl Fn(&Path) -> Result<(), ModelError>,
) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    let mut refused = 0;
    for bytes in files {
        fs::write(&path, bytes).expect("written");
        if let Err(error) = read(&path) {
            let text = error.to_string();
            assert!(!text.is_empty() && !text.contains('\n'), "{text}");
            refused += 1;
        }
    }
    refused
}

fn import(path: &Path) -> Result<(), ModelError> {
    let archive = path.to_owned();
    let options = ImportOptions::new(archive);
    Model::import(&options).map(|_| ())
}

fn read(path: &Path) -> Result<(), ModelError> {
    Weights::read(path).map(|_| ())
}

#[test]
fn damaged_archives_end_in_a_model_or_in_one_sentence() {
    let mut dice = ChaCha8Rng::seed_from_u64(1);
    for name in ["weights", "windows", "open"] {
        let whole = fs::read(fixtures().join(format!("pt2/{name}.pt2"))).expect("committed");
        let files = (0..150).map(|_| damaged(&whole, &mut dice));
        let refused = refused(files, "model.pt2", import);
        assert!(refused > 15, "{name}: {refused}");
    }
}

#[test]
fn archives_whose_documents_surprise_end_in_a_model_or_in_one_sentence() {
    let mut dice = ChaCha8Rng::seed_from_u64(2);
    for name in ["weights", "windows", "in_place"] {
        let whole = entries(&fixtures().join(format!("pt2/{name}.pt2")));
        let files = (0..300).map(|_| {
            let mut entries = whole.clone();
            let mut documents: Vec<_> =
                entries.iter_mut().filter(|(name, _)| name.ends_with(".json")).collect();
            let place = dice.random_range(0..documents.len());
            let bytes = &mut documents[place].1;
            let mut document: Value = serde_json::from_slice(bytes).expect("JSON");
            surprised(&mut document, &mut dice);
            *bytes = serde_json::to_vec(&document).expect("JSON");
            packed(&entries)
        });
        let refused = refused(files, "model.pt2", import);
        assert!(refused > 100, "{name}: {refused}");
    }
}

#[test]
fn damaged_checkpoints_end_in_weights_or_in_one_sentence() {
    let mut dice = ChaCha8Rng::seed_from_u64(3);
    for name in ["plain", "protocol5", "legacy"] {
        let whole = fs::read(fixtures().join(format!("checkpoints/accepted/{name}.pth"))).expect("committed");
        let files = (0..300).map(|_| damaged(&whole, &mut dice));
        let refused = refused(files, "weights.pth", read);
        assert!(refused > 100, "{name}: {refused}");
    }
}

#[test]
fn checkpoints_with_a_damaged_pickle_end_in_weights_or_in_one_sentence() {
    let mut dice = ChaCha8Rng::seed_from_u64(4);
    for name in ["plain", "nested_state_dict", "protocol4"] {
        let whole = entries(&fixtures().join(format!("checkpoints/accepted/{name}.pth")));
        let files = (0..500).map(|_| {
            let mut entries = whole.clone();
            let pickle = entries.iter_mut().find(|(name, _)| name.ends_with("data.pkl")).expect("a pickle");
            pickle.1 = damaged(&pickle.1, &mut dice);
            packed(&entries)
        });
        let refused = refused(files, "weights.pth", read);
        assert!(refused > 200, "{name}: {refused}");
    }
}
