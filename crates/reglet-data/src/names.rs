//! File names for results that belong to pictures.

use std::collections::{HashMap, HashSet};

use crate::picture_names::EXTENSIONS;

/// The greatest length of a name in bytes, without the number that makes it unique: file systems allow 255, and an extension
/// will be added.
const LONGEST: usize = 120;

/// Names that Windows reserves for devices, whatever their extension; the last two are followed by a digit.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// A name for a file or folder for each of these ids, in their order, that is safe to join to any folder.
///
/// Ids come from tables and folders that others made, so they can be `...jpg`, `../a.jpg` or `/etc/passwd`. A name consists
/// of the ASCII letters and digits, `-`, `_` and `.` of its id, with `_` in place of everything else, and without a
/// picture's extension. It is never empty, neither begins nor ends with a dot, is not reserved by Windows for devices, and
/// is at most 141 bytes long. No two names are equal, even if case is ignored: a name that would be is given a number. The
/// same ids in the same order always have the same names.
///
/// ```
/// let names = reglet_data::file_names(["melanoma/17.jpg", "...jpg", "../a.png", "a.png", "NUL.tiff"]);
/// assert_eq!(names, ["melanoma_17", "picture", "a", "a-2", "_NUL"]);
/// ```
pub fn file_names<'a>(ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    // The last number given for each name, so that a million pictures of one name take only a million steps.
    let mut counts: HashMap<String, u64> = HashMap::new();
    let mut unique = |name: String| {
        let count = counts.entry(name.to_ascii_lowercase()).or_insert(0);
        loop {
            *count += 1;
            let candidate = if *count == 1 { name.clone() } else { format!("{name}-{count}") };
            if taken.insert(candidate.to_ascii_lowercase()) {
                return candidate;
            }
        }
    };
    ids.into_iter().map(|id| unique(clean(id))).collect()
}

/// The part of a name that comes from an id.
fn clean(id: &str) -> String {
    let mut name = String::new();
    for letter in without_extension(id).chars() {
        let letter = if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' };
        // A sequence of replaced characters becomes a single one.
        if letter != '_' || !name.ends_with('_') {
            name.push(letter);
        }
        if name.len() == LONGEST {
            break;
        }
    }
    // A dot at the beginning hides a file, two lead out of a folder, and one at the end is dropped by Windows. A hyphen
    // at the beginning is taken for an option.
    let name = name.trim_matches(['.', '-', '_']);
    match name {
        "" => "picture".into(),
        _ if is_reserved(name) => format!("_{name}"),
        _ => name.to_owned(),
    }
}

fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let port = stem.strip_suffix(|last: char| last.is_ascii_digit());
    RESERVED[..4].contains(&stem.as_str()) || port.is_some_and(|port| RESERVED[4..].contains(&port))
}

/// An id or a file's name without the extension of a picture. What follows the last dot in the name of a DICOM file,
/// `1.2.840.1`, is often none.
pub(crate) fn without_extension(id: &str) -> &str {
    match id.rsplit_once('.') {
        Some((stem, extension)) if EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)) => {
            stem
        }
        _ => id,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::file_names;

    fn name(id: &str) -> String {
        file_names([id]).remove(0)
    }

    #[test]
    fn ids_that_lead_elsewhere_are_made_safe() {
        for (id, expected) in [
            ("a.jpg", "a"),
            ("a/b.jpg", "a_b"),
            ("a\\b.JPG", "a_b"),
            ("...jpg", "picture"),
            ("..jpg", "picture"),
            (".jpg", "picture"),
            ("..", "picture"),
            ("", "picture"),
            ("///", "picture"),
            (".hidden", "hidden"),
            ("/etc/passwd", "etc_passwd"),
            ("../../a.png", "a"),
            ("C:\\a.png", "C_a"),
            ("-rf.png", "rf"),
            ("a. .png", "a"),
            ("a.b.png", "a.b"),
            ("a\0b\n.png", "a_b"),
            ("aux.jpg", "_aux"),
            ("Con.a.jpg", "_Con.a"),
            ("LPT1", "_LPT1"),
            ("lpt", "lpt"),
            ("console.jpg", "console"),
            ("M\u{fc}ller 1.jpg", "M_ller_1"),
            ("\u{60a3}\u{8005}.jpg", "picture"),
            ("\u{fffd}.jpg", "picture"),
            ("picture.jpg.exe", "picture.jpg.exe"),
        ] {
            assert_eq!(name(id), expected, "{id:?}");
        }
        let long = "x".repeat(10_000);
        assert_eq!(name(&long), long[..120]);
    }

    #[test]
    fn names_that_would_be_alike_are_numbered() {
        let ids = ["a.jpg", "a.png", "A.jpg", "a-2.jpg", "a", "..jpg", "...jpg", "b/a", "b_a"];
        let names = ["a", "a-2", "A-3", "a-2-2", "a-4", "picture", "picture-2", "b_a", "b_a-2"];
        assert_eq!(file_names(ids), names);
        let long = "y".repeat(500);
        let all = file_names([long.as_str(), long.as_str()]);
        assert_eq!(all[1], format!("{}-2", all[0]));
        assert_eq!(file_names(std::iter::repeat_n("a.jpg", 100_000)).len(), 100_000);
    }

    proptest! {
        #[test]
        fn every_name_is_one_part_of_a_path_and_no_two_are_alike(
            ids in prop::collection::vec("[aA.:/\\\\ -]{0,4}|\\PC{0,200}|(con|nul|Com1)\\.?(jpg)?", 0..40)
        ) {
            let names = file_names(ids.iter().map(String::as_str));
            prop_assert_eq!(names.len(), ids.len());
            for name in &names {
                prop_assert!(!name.is_empty() && name.len() <= 141, "{}", name);
                prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
                prop_assert!(!name.starts_with(['.', '-']) && !name.ends_with('.'), "{}", name);
                prop_assert!(!super::is_reserved(name), "{}", name);
            }
            let alike: std::collections::BTreeSet<String> =
                names.iter().map(|name| name.to_ascii_lowercase()).collect();
            prop_assert_eq!(alike.len(), names.len());
        }
    }
}
