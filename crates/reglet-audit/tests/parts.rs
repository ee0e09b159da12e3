//! An audit in parts, as machines of their own make it, is the audit that one machine makes.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use reglet_audit::{Shard, run_audit, run_merge, run_plan, run_shard};
use serde_json::Value;
use support::{example, part};

/// Every file of an audit, but for how long it took.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("within").display().to_string();
            let mut bytes = fs::read(&path).expect("readable");
            if name == "results.json" || name == "rows/run.json" {
                let mut json: Value = serde_json::from_slice(&bytes).expect("JSON");
                let run = if name == "results.json" { &mut json } else { &mut json["run"] };
                assert!(run["provenance"]["seconds"].take().is_number());
                bytes = json.to_string().into_bytes();
            }
            if name == "report.html" {
                // It says how long it took as well: the one definition that is a number of seconds.
                let text = String::from_utf8(bytes).expect("text");
                let is_time = |part: &&str| part.ends_with(" s") && part.contains("<dd>");
                assert_eq!(text.split("</dd>").filter(is_time).count(), 1);
                let rest = text.split("</dd>").map(|part| match part.rfind("<dd>") {
                    Some(at) if is_time(&part) => &part[..at],
                    _ => part,
                });
                bytes = rest.collect::<String>().into_bytes();
            }
            found.push((name, bytes));
        }
    }
    found.sort();
    found
}

fn refused(folders: &[&Path]) -> String {
    let folders: Vec<PathBuf> = folders.iter().map(|folder| (*folder).to_owned()).collect();
    let out = tempfile::tempdir().expect("a folder");
    let error = run_merge(&folders, None, &[], out.path()).expect_err("it must be refused");
    assert_eq!(fs::read_dir(out.path()).expect("a folder").count(), 0, "nothing is written");
    error.to_string()
}

#[test]
fn parts_become_the_audit_of_one_machine() {
    let (folder, config) = example();
    let at = |name: &str| folder.path().join(name);
    run_audit(&config, &[], &at("whole")).expect("the audit runs");
    let whole = files(&at("whole"));
    assert!(whole.len() > 8, "{:?}", whole.iter().map(|(name, _)| name).collect::<Vec<_>>());

    // With a plan, in two folders, last part first; more parts than chunks; and one part without a plan.
    run_plan(&config, &[], &at("three")).expect("the plan is made");
    fs::create_dir(at("elsewhere")).expect("room");
    fs::copy(at("three/plan.reglet"), at("elsewhere/plan.reglet")).expect("room");
    part(&config, "3/3", &at("three"));
    part(&config, "1/3", &at("elsewhere"));
    part(&config, "2/3", &at("three"));
    run_plan(&config, &[], &at("five")).expect("the plan is made");
    for number in 1..=5 {
        part(&config, &format!("{number}/5"), &at("five"));
    }
    part(&config, "1/1", &at("one"));
    for folders in [&["three", "elsewhere"][..], &["five"], &["one"]] {
        let from: Vec<PathBuf> = folders.iter().map(|name| at(name)).collect();
        run_merge(&from, None, &[], &at("merged")).expect("all parts are there");
        let merged = files(&at("merged"));
        for ((name, expected), (_, found)) in whole.iter().zip(&merged) {
            assert!(expected == found, "{folders:?}: {name} differs");
        }
        assert_eq!(merged.len(), whole.len());
        fs::remove_dir_all(at("merged")).expect("it was written");
    }
    // No half-made part and no journal stays.
    for entry in fs::read_dir(at("five")).expect("a folder").flatten() {
        let name = entry.file_name().into_string().expect("plain");
        assert!(name.ends_with(".reglet") && !name.starts_with('.'), "{name}");
    }
}

#[test]
fn parts_that_do_not_fit_are_refused_by_name() {
    let (folder, config) = example();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("empty")).expect("room");
    assert!(refused(&[&at("empty")]).contains("no parts of an audit"));
    assert!(refused(&[&at("nowhere")]).contains("nowhere"));

    part(&config, "1/2", &at("a"));
    let said = refused(&[&at("a")]);
    assert!(said.contains("1 of 2 parts are missing: part-2-of-2.reglet"), "{said}");
    part(&config, "2/2", &at("b"));

    // The same part by two machines is the same file, and counts once; a folder may be named twice.
    part(&config, "1/2", &at("c"));
    assert_eq!(
        fs::read(at("a/part-1-of-2.reglet")).expect("made"),
        fs::read(at("c/part-1-of-2.reglet")).expect("made")
    );
    let all = [at("a"), at("b"), at("c"), at("a")];
    run_merge(&all, None, &[], &at("merged")).expect("all parts are there");

    // Of another division, and of another config.
    part(&config, "2/3", &at("d"));
    let said = refused(&[&at("a"), &at("b"), &at("d")]);
    assert!(said.contains("part-2-of-3.reglet is one of 3 parts"), "{said}");
    let seed = ["seed=4".to_owned()];
    let second = Shard::parse("2/2").expect("a part");
    run_shard(&config, &seed, second, &at("e")).expect("the part is made");
    let said = refused(&[&at("a"), &at("e")]);
    assert!(said.contains("another config") && said.contains("part-2-of-2.reglet"), "{said}");
    let said = refused(&[&at("a"), &at("b"), &at("e")]);
    assert!(said.contains("another config"), "{said}");

    // A plan of another config is no plan for this part.
    run_plan(&config, &seed, &at("f")).expect("the plan is made");
    let said = run_shard(&config, &[], second, &at("f")).expect_err("another plan").to_string();
    assert!(said.contains("plan.reglet") && said.contains("another config"), "{said}");

    // Cut short.
    let bytes = fs::read(at("b/part-2-of-2.reglet")).expect("made");
    fs::write(at("b/part-2-of-2.reglet"), &bytes[..bytes.len() / 2]).expect("room");
    let said = refused(&[&at("a"), &at("b")]);
    assert!(said.contains("part-2-of-2.reglet") && said.contains("checksum"), "{said}");
    fs::write(at("b/part-2-of-2.reglet"), &bytes).expect("room");

    // A picture that was replaced after its part was made.
    let picture = fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.path());
    let mut pictures: Vec<PathBuf> =
        picture.filter(|path| path.to_string_lossy().ends_with("00007.png")).collect();
    let picture = pictures.pop().expect("one of them");
    let mut changed = image::open(&picture).expect("a picture").to_rgb8();
    changed.put_pixel(0, 0, image::Rgb([1, 2, 3]));
    changed.save(&picture).expect("room");
    let said = refused(&[&at("a"), &at("b")]);
    assert!(said.contains("data that have changed in the meantime"), "{said}");
}

#[test]
fn a_part_that_was_interrupted_goes_on() {
    let (folder, config) = example();
    let at = |name: &str| folder.path().join(name);
    run_plan(&config, &[], &at("whole")).expect("the plan is made");
    part(&config, "1/1", &at("whole"));
    let whole = fs::read(at("whole/part-1-of-1.reglet")).expect("made");
    // A picture of the last chunk cannot be read for a while: the part ends after two chunks. It shows no ruler, so nothing is
    // cut from it.
    let ruler = |index: usize| at(&format!("phantom-{index:05}-ruler.png"));
    let shows =
        |index: usize| image::open(ruler(index)).expect("a mask").to_luma8().iter().any(|level| *level > 0);
    let last = (32..36).find(|&index| !shows(index)).expect("one of four");
    let last = at(&format!("phantom-{last:05}.png"));
    let bytes = fs::read(&last).expect("a picture");
    fs::create_dir(at("parts")).expect("room");
    fs::copy(at("whole/plan.reglet"), at("parts/plan.reglet")).expect("room");
    fs::write(&last, &bytes[..bytes.len() / 2]).expect("room");
    let shard = Shard::parse("1/1").expect("a part");
    let said = run_shard(&config, &[], shard, &at("parts")).expect_err("a broken picture").to_string();
    assert!(said.contains("phantom-000"), "{said}");
    assert!(!at("parts/part-1-of-1.reglet").exists(), "nothing half made");
    fs::write(&last, &bytes).expect("room");
    let left = fs::metadata(at("parts/.part-1-of-1.reglet.unfinished")).expect("a journal").len();
    assert!(left > whole.len() as u64 / 2, "{left} bytes: most of the part is there");
    part(&config, "1/1", &at("parts"));
    assert!(fs::read(at("parts/part-1-of-1.reglet")).expect("made") == whole);
}
