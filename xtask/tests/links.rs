//! Every link of the documents to a file of the checkout leads to a file and a heading that exist, and the book has all pages.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let hidden = name.to_string_lossy().starts_with('.');
        // A link to a folder would be walked twice.
        if entry.file_type().is_ok_and(|kind| kind.is_dir())
            && !hidden
            && name != "target"
            && name != "results"
        {
            documents(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The targets of a document's links and pictures: the text in round brackets that follow square ones.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("](").filter_map(|(at, _)| text[at + 2..].split_once(')')).map(|(target, _)| target)
}

/// The anchors of a document's headings, as GitHub and mdBook derive them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        if !in_code && line.starts_with('#') {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|&letter| letter.is_alphanumeric() || " -_".contains(letter));
            found.insert(kept.collect::<String>().replace(' ', "-"));
        }
    }
    found
}

#[test]
fn links_lead_somewhere() {
    let mut found = Vec::new();
    documents(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")), &mut found);
    let mut links = 0;
    for document in &found {
        let text = fs::read_to_string(document).expect("text");
        for target in targets(&text).filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => document.clone(),
                file => document.parent().expect("a folder").join(file),
            };
            assert!(path.exists(), "{}: the link to {target} leads nowhere", document.display());
            let has_heading = || anchors(&fs::read_to_string(&path).expect("text")).contains(anchor);
            assert!(
                anchor.is_empty() || has_heading(),
                "{}: the link to {target} leads to no heading",
                document.display()
            );
            links += 1;
        }
    }
    assert!(found.len() > 15 && links > 40, "{links} links in {} documents", found.len());
}

#[test]
fn anchors_are_derived_from_headings() {
    let text = "# One channel, 16 bits\n\n```sh\n# no heading\n```\n\n## `rows` and snake_case\n";
    let expected = ["one-channel-16-bits", "rows-and-snake_case"].map(str::to_owned);
    assert_eq!(anchors(text), BTreeSet::from(expected));
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).expect("text");
    let listed: BTreeSet<&Path> = targets(&summary).map(Path::new).collect();
    let mut pages = Vec::new();
    documents(docs, &mut pages);
    for page in &pages {
        let page = page.strip_prefix(docs).expect("a page of the book");
        assert!(
            page == Path::new("SUMMARY.md") || listed.contains(page),
            "{}: list the page in docs/SUMMARY.md",
            page.display()
        );
    }
    assert!(pages.len() > 10, "{} pages", pages.len());
}

/// The book contains only what is in its folder.
#[test]
fn pages_link_to_nothing_outside_the_book() {
    let mut pages = Vec::new();
    documents(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")), &mut pages);
    for page in &pages {
        let text = fs::read_to_string(page).expect("text");
        let outside = targets(&text).find(|target| target.split('/').any(|part| part == ".."));
        assert_eq!(outside, None, "{}: name a file outside docs by its path, without a link", page.display());
    }
    assert!(pages.len() > 10, "{} pages", pages.len());
}

#[test]
fn the_readme_is_short() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).expect("text");
    assert!(text.lines().count() < 150, "move what exceeds 150 lines to docs/");
}
