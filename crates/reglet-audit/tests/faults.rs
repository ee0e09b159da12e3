//! What may go wrong where many machines make the parts of an audit: nothing is lost, and nothing counted twice.

mod support;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use reglet_audit::{Record, Shard, run_merge, run_plan, run_shard};
use support::{config, example, part};

/// The program at work on a part.
fn start(config: &Path, shard: &str, out: &Path) -> Child {
    let command = ["audit", "--shard", shard, "--config"];
    let mut program = Command::new(env!("CARGO_BIN_EXE_reglet-run"));
    program.args(command).arg(config).arg("--out").arg(out);
    program.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts")
}

/// Has the program make the plan, a part, and the whole: each file says which program made it.
fn by_program(words: &[&str], config: Option<&Path>, folders: [&Path; 2]) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_reglet-run"));
    program.args(words).args(config.map(|config| [Path::new("--config"), config]).into_iter().flatten());
    let [from, out] = folders;
    program.args((words == ["merge"]).then_some(from)).arg("--out").arg(out);
    let output = program.output().expect("it starts");
    // A merge ends with 1 where the model is not as expected.
    let most = i32::from(words == ["merge"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| code <= most), "{words:?}: {said}");
}

fn plan_by_program(config: &Path, out: &Path) {
    by_program(&["audit", "--plan"], Some(config), [out, out]);
}

fn part_by_program(config: &Path, out: &Path) {
    by_program(&["audit", "--shard", "1/1"], Some(config), [out, out]);
}

fn said(child: Child) -> (bool, String) {
    let output = child.wait_with_output().expect("it ends");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn merge(folders: &[&Path], out: &Path) -> Result<(), String> {
    let folders: Vec<PathBuf> = folders.iter().map(|folder| (*folder).to_owned()).collect();
    run_merge(&folders, None, &[], out).map(|_| ()).map_err(|error| error.to_string())
}

/// What is in a folder, hidden files too.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().into_string().expect("plain")).collect();
    names.sort();
    names
}

fn tables(merged: &Path) -> Vec<Vec<u8>> {
    let files = ["rows/observations.parquet", "rows/maps.parquet", "rows/pictures.bin", "samples.csv"];
    files.map(|file| fs::read(merged.join(file)).expect("made")).to_vec()
}

#[test]
fn a_clock_that_is_wrong_changes_nothing() {
    let (folder, config) = example();
    let at = |name: &str| folder.path().join(name);
    part(&config, "1/1", &at("right"));
    let hour = Duration::from_secs(3600);
    let set = |path: &Path, to: SystemTime| {
        File::options().append(true).open(path).expect("there").set_modified(to).expect("it can be set");
    };
    // Pictures from the future, a plan from the past, and a part made between them.
    for (index, name) in names(folder.path()).iter().filter(|name| name.ends_with(".png")).enumerate() {
        let now = SystemTime::now();
        set(&at(name), if index % 2 == 0 { now + hour } else { now - hour });
    }
    run_plan(&config, &[], &at("wrong")).expect("the plan is made");
    set(&at("wrong/plan.reglet"), SystemTime::now() + hour);
    part(&config, "1/1", &at("wrong"));
    set(&at("wrong/part-1-of-1.reglet"), SystemTime::now() - hour);
    let made = |of: &str| fs::read(at(of).join("part-1-of-1.reglet")).expect("made");
    assert!(made("right") == made("wrong"));
    merge(&[&at("wrong")], &at("merged")).expect("all parts are there");
}

#[test]
fn one_part_by_two_machines_at_once_is_there_once() {
    let (folder, config) = example();
    let at = |name: &str| folder.path().join(name);
    plan_by_program(&config, &at("reference"));
    part_by_program(&config, &at("reference"));
    let wanted = fs::read(at("reference/part-1-of-1.reglet")).expect("made");

    // On a file system with locks one of them goes on and the other says why it does not, or comes after it.
    let both = [start(&config, "1/1", &at("locked")), start(&config, "1/1", &at("locked"))];
    let both = both.map(said);
    assert!(both.iter().any(|(done, _)| *done), "{both:?}");
    assert!(both.iter().all(|(done, said)| *done || said.contains("another audit is writing")), "{both:?}");
    assert!(fs::read(at("locked/part-1-of-1.reglet")).expect("made") == wanted);

    // Without, as where the lock of one is not seen by the other, both make the very same file.
    fs::create_dir(at("unlocked")).expect("room");
    let first = start(&config, "1/1", &at("unlocked"));
    let journal = at("unlocked/.part-1-of-1.reglet.unfinished");
    for _ in 0..600 {
        if journal.exists() {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    fs::remove_file(&journal).expect("the first one is at work");
    let second = start(&config, "1/1", &at("unlocked"));
    for (done, said) in [said(first), said(second)] {
        assert!(done, "{said}");
    }
    assert_eq!(names(&at("unlocked")), ["part-1-of-1.reglet"]);
    assert!(fs::read(at("unlocked/part-1-of-1.reglet")).expect("made") == wanted);
    // Twice in what is merged, it counts once.
    fs::rename(at("unlocked/part-1-of-1.reglet"), at("reference/part-1-of-1-again.reglet")).expect("room");
    by_program(&["merge"], None, [&at("reference"), &at("merged")]);
    by_program(&["merge"], None, [&at("locked"), &at("alone")]);
    assert!(tables(&at("merged")) == tables(&at("alone")));
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_said_and_leaves_nothing_half_made() {
    let (folder, config) = example();
    let at = |name: &str| folder.path().join(name);
    plan_by_program(&config, &at("parts"));
    // No file may have more than 8 KiB; that this is so is told to whoever writes, as of a full disk.
    let limited = |shell: &str| {
        Command::new("bash")
            .args(["-c", &format!("trap '' XFSZ; ulimit -f 8; exec \"$@\" {shell}"), "bash"])
            .arg(env!("CARGO_BIN_EXE_reglet-run"))
            .args(["audit", "--shard", "1/1", "--config"])
            .arg(&config)
            .arg("--out")
            .arg(at("parts"))
            .output()
            .expect("bash runs")
    };
    let output = limited("");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("free some space"), "{said}");
    assert!(said.contains("part-1-of-1.reglet"), "{said}");
    let left = names(&at("parts"));
    assert!(!left.contains(&"part-1-of-1.reglet".to_owned()), "{left:?}");
    assert!(merge(&[&at("parts")], &at("merged")).expect_err("no part").contains("no parts of an audit"));
    // With room again the same command makes it.
    part_by_program(&config, &at("parts"));
    part_by_program(&config, &at("reference"));
    let made = |of: &str| fs::read(at(of).join("part-1-of-1.reglet")).expect("made");
    assert!(made("parts") == made("reference"));
    assert_eq!(names(&at("parts")), ["part-1-of-1.reglet", "plan.reglet"]);
}

#[test]
fn a_picture_that_is_replaced_between_parts_is_noticed_though_it_is_put_back() {
    let (folder, config) = example();
    let at = |name: &str| folder.path().join(name);
    run_plan(&config, &[], &at("parts")).expect("the plan is made");
    part(&config, "1/2", &at("parts"));
    // Of the second part; the flags say that it shows no ruler, so nothing is cut from it.
    let table = fs::read_to_string(at("manifest.csv")).expect("made");
    let plain = table.lines().skip(1).enumerate().filter(|(_, line)| line.ends_with(",0"));
    let last = plain.last().expect("some show no ruler").1.split(',').next().expect("a picture").to_owned();
    let bytes = fs::read(at(&last)).expect("there");
    let mut changed = image::load_from_memory(&bytes).expect("a picture").to_rgb8();
    changed.put_pixel(0, 0, image::Rgb([1, 2, 3]));
    changed.save(at(&last)).expect("room");
    let second = Shard::parse("2/2").expect("a part");
    let said = run_shard(&config, &[], second, &at("parts")).expect_err("another picture").to_string();
    assert!(said.contains("changed since the plan was made") && said.contains("phantom-"), "{said}");
    // Without a plan it is a part of other data.
    part(&config, "2/2", &at("without"));
    let said = merge(&[&at("parts"), &at("without")], &at("merged")).expect_err("other data");
    assert!(said.contains("data that have changed in the meantime"), "{said}");
    // Put back, the part goes on where it was, and nothing of the other picture is left in it.
    fs::write(at(&last), bytes).expect("room");
    part(&config, "2/2", &at("parts"));
    merge(&[&at("parts")], &at("merged")).expect("all parts are there");
    part(&config, "1/1", &at("reference"));
    merge(&[&at("reference")], &at("whole")).expect("all parts are there");
    assert!(tables(&at("merged")) == tables(&at("whole")));
}

#[test]
fn a_machine_that_dies_leaves_a_part_that_is_whole_or_not_there() {
    let (folder, config) = example();
    let at = |name: &str| folder.path().join(name);
    plan_by_program(&config, &at("parts"));
    fs::create_dir(at("reference")).expect("room");
    fs::copy(at("parts/plan.reglet"), at("reference/plan.reglet")).expect("room");
    part_by_program(&config, &at("reference"));
    let wanted = fs::read(at("reference/part-1-of-1.reglet")).expect("made");
    let file = at("parts/part-1-of-1.reglet");
    let mut killed = 0;
    // Ever later, however slow this machine is.
    for moment in 0..26 {
        let mut child = start(&config, "1/1", &at("parts"));
        thread::sleep(Duration::from_millis(100).mul_f64(1.3_f64.powi(moment)));
        killed += usize::from(child.try_wait().expect("it runs").is_none());
        let _ = child.kill();
        let _ = child.wait();
        if file.exists() {
            break;
        }
    }
    assert!(killed > 0);
    assert!(fs::read(&file).expect("made at last") == wanted);

    // The moment of the rename, and what a disk without power may leave of it: the file in its hidden folder, and an empty one.
    fs::create_dir(at("parts/.reglet-dead")).expect("room");
    fs::rename(&file, at("parts/.reglet-dead/part-1-of-1.reglet")).expect("room");
    assert!(merge(&[&at("parts")], &at("merged")).expect_err("no part").contains("no parts of an audit"));
    for length in [0, 20, wanted.len() / 2] {
        fs::write(&file, &wanted[..length]).expect("room");
        let said = merge(&[&at("parts")], &at("merged")).expect_err("cut short");
        assert!(said.contains("part-1-of-1.reglet") && said.contains("make it again"), "{said}");
    }
    part_by_program(&config, &at("parts"));
    assert!(fs::read(&file).expect("made") == wanted);
    by_program(&["merge"], None, [&at("parts"), &at("merged")]);
}

#[test]
fn a_folder_that_lists_late_is_waited_for() {
    let (folder, config) = example();
    let at = |name: &str| folder.path().join(name);
    run_plan(&config, &[], &at("parts")).expect("the plan is made");
    // A machine that does not see the plan yet makes the same part as one that does.
    part(&config, "1/2", &at("parts"));
    part(&config, "1/2", &at("unseen"));
    let made = |of: &str| fs::read(at(of).join("part-1-of-2.reglet")).expect("made");
    assert!(made("parts") == made("unseen"));
    // One that does not see the second part yet names it, and writes nothing.
    part(&config, "2/2", &at("parts"));
    fs::create_dir(at("late")).expect("room");
    fs::copy(at("parts/part-1-of-2.reglet"), at("late/part-1-of-2.reglet")).expect("room");
    let said = merge(&[&at("late")], &at("merged")).expect_err("one is missing");
    assert!(said.contains("1 of 2 parts are missing: part-2-of-2.reglet"), "{said}");
    // One that sees its name and not yet its content says which.
    File::create(at("late/part-2-of-2.reglet")).expect("room");
    let said = merge(&[&at("late")], &at("merged")).expect_err("nothing in it");
    assert!(said.contains("part-2-of-2.reglet"), "{said}");
    fs::remove_file(at("late/part-2-of-2.reglet")).expect("there");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("gone"), at("late/part-2-of-2.reglet")).expect("room");
        let said = merge(&[&at("late")], &at("merged")).expect_err("gone again");
        assert!(said.contains("part-2-of-2.reglet"), "{said}");
        fs::remove_file(at("late/part-2-of-2.reglet")).expect("there");
    }
    assert!(!at("merged").join("results.json").exists());
    fs::copy(at("parts/part-2-of-2.reglet"), at("late/part-2-of-2.reglet")).expect("room");
    merge(&[&at("late")], &at("merged")).expect("all parts are there");
    merge(&[&at("parts")], &at("whole")).expect("all parts are there");
    assert!(tables(&at("merged")) == tables(&at("whole")));
}

#[test]
fn pictures_that_cannot_be_read_are_left_out_named_and_counted() {
    let (folder, strict) = example();
    let at = |name: &str| folder.path().join(name);
    let table = fs::read_to_string(at("manifest.csv")).expect("made");
    let pictures: Vec<&str> = table.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    // One in each part, of the 36.
    for broken in [pictures[5], pictures[33]] {
        fs::write(at(broken), b"no picture").expect("room");
    }
    let first = Shard::parse("1/2").expect("a part");
    let error = run_shard(&strict, &[], first, &at("strict")).expect_err("a broken picture").to_string();
    assert!(error.contains(pictures[5]), "{error}");
    let with = |name: &str, share: f64| {
        let path = at(name);
        fs::write(&path, config("manifest.csv", &format!("unreadable = {share}"))).expect("room");
        path
    };
    let (lenient, less) = (with("lenient.toml", 0.06), with("less.toml", 0.05));
    run_plan(&lenient, &[], &at("lenient")).expect("the plan is made");
    for (shard, broken) in [("1/2", pictures[5]), ("2/2", pictures[33])] {
        let shard = Shard::parse(shard).expect("a part");
        let said = run_shard(&lenient, &[], shard, &at("lenient")).expect("one may be broken").to_string();
        assert!(
            said.contains(broken)
                && said.contains("skipped because they could not be read")
                && said.contains(": 1\n"),
            "{said}"
        );
    }
    let said = run_merge(&[at("lenient")], None, &[], &at("merged")).expect("two may be broken").to_string();
    assert!(said.contains(pictures[5]) && said.contains(pictures[33]) && said.contains(": 2\n"), "{said}");
    let results: serde_json::Value =
        serde_json::from_slice(&fs::read(at("merged/results.json")).expect("made")).expect("JSON");
    assert_eq!(results["data"]["pictures"], 34);
    let unread = results["data"]["unread"].as_array().expect("a list");
    assert_eq!(unread.iter().map(|unread| unread["place"].as_u64()).collect::<Vec<_>>(), [Some(5), Some(33)]);
    let record = Record::read(&at("merged")).expect("it was written");
    let listed = |picture: &str| record.rows().pictures.iter().any(|known| known.id == picture);
    assert!(!listed(pictures[5]) && !listed(pictures[33]) && listed(pictures[4]) && listed(pictures[34]));
    let report = fs::read_to_string(at("merged/report.html")).expect("made");
    assert!(report.contains("could not be read"));
    // Judged again it says the same; and one machine finds the same.
    reglet_audit::run_judge(&at("merged"), &[], &at("judged")).expect("the rows are whole");
    assert!(tables(&at("judged")) == tables(&at("merged")));
    reglet_audit::run_audit(&lenient, &[], &at("whole")).expect("two may be broken");
    assert!(tables(&at("whole")) == tables(&at("merged")));
    // Each part may have one of 36 where a share of 0.05 is allowed, both together may not.
    for shard in ["1/2", "2/2"] {
        part(&less, shard, &at("less"));
    }
    let said = merge(&[&at("less")], &at("less-merged")).expect_err("too many");
    assert!(said.contains("2 of 36") && said.contains(pictures[5]) && said.contains(pictures[33]), "{said}");
}
