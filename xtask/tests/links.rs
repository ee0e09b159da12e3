//! Every link of the documents to a file of the checkout leads somewhere.

use std::fs;
use std::path::{Path, PathBuf};

fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let hidden = name.to_string_lossy().starts_with('.');
        // A link to a folder would be walked twice.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) && !hidden && name != "target" && name != "results" {
            documents(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The targets of a document's links and pictures: what stands in round brackets behind square ones.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("](").filter_map(|(at, _)| text[at + 2..].split_once(')')).map(|(target, _)| target)
}

#[test]
fn links_lead_somewhere() {
    let mut found = Vec::new();
    documents(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")), &mut found);
    let mut links = 0;
    for document in &found {
        let text = fs::read_to_string(document).expect("text");
        for target in targets(&text).filter(|target| !target.contains("://") && !target.starts_with('#')) {
            let file = target.split('#').next().unwrap_or_default();
            let path = document.parent().expect("a folder").join(file);
            assert!(path.exists(), "{}: the link to {target} leads nowhere", document.display());
            links += 1;
        }
    }
    assert!(found.len() > 15 && links > 40, "{links} links in {} documents", found.len());
}

#[test]
fn the_readme_is_short() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).expect("text");
    assert!(text.lines().count() < 150, "what is more belongs into docs/");
}
