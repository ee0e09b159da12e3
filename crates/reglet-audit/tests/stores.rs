//! A part of an audit whose pictures are in an object store is the part whose pictures are on a disk. The store is a server for
//! S3 that nobody here wrote.
#![cfg(feature = "stores")]

mod support;
#[path = "../../reglet-data/tests/support/web.rs"]
mod web;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use support::{config, example, many, part, phantoms};
use tempfile::TempDir;
use tokio::net::TcpListener;
use web::{Answer, Web};

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "hunter2hunter2";

/// Serves the folders in `root` as buckets, as long as the test runs.
fn s3(root: &Path) -> SocketAddr {
    let mut builder = S3ServiceBuilder::new(FileSystem::new(root).expect("a folder"));
    builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = builder.build().into_shared();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        runtime.block_on(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    // Whoever asked may have gone.
                    let _ = Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
    });
    address
}

/// The pictures in a bucket, and what serves it.
fn bucket() -> (TempDir, SocketAddr) {
    let root = tempfile::tempdir().expect("a folder");
    fs::create_dir(root.path().join("pictures")).expect("room");
    phantoms(&root.path().join("pictures"));
    let address = s3(root.path());
    (root, address)
}

/// Has the program do something with the credentials of the store, or with others.
fn program(words: &[&str], store: SocketAddr, secret: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_reglet-run"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        program.env_remove(name);
    }
    program.env("AWS_ENDPOINT", format!("http://{store}")).env("AWS_ALLOW_HTTP", "true");
    program.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", secret);
    program.args(words).output().expect("it starts")
}

fn succeeded(output: &Output) {
    // An audit ends with 1 where the model is not as expected.
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| code <= 1), "{said}");
}

/// What was observed, of a part's file, after what says by which config it was made: the folder that this names ends it.
fn observed(part: &Path, folder: &Path) -> Vec<u8> {
    let bytes = fs::read(part).expect("made");
    let folder = folder.to_str().expect("plain").as_bytes();
    let at = bytes.windows(folder.len()).position(|window| window == folder).expect("it is named");
    bytes[at + folder.len()..].to_vec()
}

#[test]
fn a_part_through_a_store_is_that_from_a_disk() {
    let (_root, store) = bucket();
    let (folder, here) = example();
    let at = |name: &str| folder.path().join(name);
    let text = |path: &Path| path.to_str().expect("plain").to_owned();
    let there = at("there.toml");
    fs::write(&there, config("s3://pictures/manifest.csv", "")).expect("room");

    // One part, without a plan and with one.
    for (config, out) in [(&here, "here"), (&there, "there")] {
        let made = program(
            &["audit", "--shard", "1/3", "--config", &text(config), "--out", &text(&at(out))],
            store,
            SECRET,
        );
        succeeded(&made);
    }
    let name = "part-1-of-3.reglet";
    let wanted = observed(&at("here").join(name), folder.path());
    assert!(wanted.len() > 30_000, "{} bytes", wanted.len());
    assert!(wanted == observed(&at("there").join(name), folder.path()));
    succeeded(&program(
        &["audit", "--plan", "--config", &text(&there), "--out", &text(&at("planned"))],
        store,
        SECRET,
    ));
    for shard in ["1/3", "2/3", "3/3"] {
        let words = ["audit", "--shard", shard, "--config", &text(&there), "--out", &text(&at("planned"))];
        succeeded(&program(&words, store, SECRET));
    }
    assert!(wanted == observed(&at("planned").join(name), folder.path()));

    // The whole: the same tables, and no secret in any file.
    for (config, out) in [(&here, "whole"), (&there, "elsewhere")] {
        let words = ["audit", "--config", &text(config), "--out", &text(&at(out))];
        succeeded(&program(&words, store, SECRET));
    }
    let words = ["merge", &text(&at("planned")), "--out", &text(&at("merged"))];
    succeeded(&program(&words, store, SECRET));
    for file in ["rows/observations.parquet", "rows/maps.parquet", "rows/pictures.bin", "samples.csv"] {
        let read = |out: &str| fs::read(at(out).join(file)).expect("made");
        assert!(read("whole") == read("elsewhere"), "{file}");
        assert!(read("whole") == read("merged"), "{file}");
    }
    let fingerprint = |out: &str| {
        let results = fs::read(at(out).join("results.json")).expect("made");
        let results: serde_json::Value = serde_json::from_slice(&results).expect("JSON");
        results["data"]["fingerprint"].as_str().expect("a text").to_owned()
    };
    assert_eq!(fingerprint("whole"), fingerprint("merged"));
    // No secret is in any file, however deep.
    let (mut left, mut searched) = (["planned", "merged", "elsewhere"].map(at).to_vec(), 0);
    while let Some(folder) = left.pop() {
        for file in fs::read_dir(folder).expect("a folder").flatten() {
            if file.path().is_dir() {
                left.push(file.path());
                continue;
            }
            searched += 1;
            let bytes = fs::read(file.path()).expect("readable");
            for secret in [KEY, SECRET] {
                let is_told = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!is_told, "{}", file.path().display());
            }
        }
    }
    assert!(searched > 30, "{searched} files");
}

#[test]
fn folders_in_a_store_are_listed() {
    let root = tempfile::tempdir().expect("a folder");
    let (folder, path) = example();
    let data = "[data.manifest]\nmanifest = 'manifest.csv'\nclasses = ['benign', 'melanoma']\n";
    let config = fs::read_to_string(path).expect("made");
    let (before, after) = config.split_once(data).expect("its data");
    // The same table under the name that this layout has for it.
    fs::create_dir_all(root.path().join("bucket/lesions/train")).expect("room");
    let train = root.path().join("bucket/lesions/train");
    for file in fs::read_dir(folder.path()).expect("a folder").flatten() {
        fs::copy(file.path(), train.join(file.file_name())).expect("room");
    }
    let table = fs::read_to_string(train.join("manifest.csv")).expect("made");
    fs::write(train.join("metadata.csv"), table.replacen("image,", "file_name,", 1)).expect("room");
    let store = s3(root.path());
    let made = |folder_of: &str, out: &str| {
        let data = format!(
            "[data.imagefolder]\nfolder = '{folder_of}'\nsplit = 'train'\nclasses = ['benign', 'melanoma']\n"
        );
        let path = folder.path().join(format!("{out}.toml"));
        fs::write(&path, format!("{before}{data}{after}")).expect("room");
        let out = folder.path().join(out);
        let words = ["audit", "--shard", "2/3", "--config", path.to_str().expect("plain"), "--out"];
        succeeded(&program(&[&words[..], &[out.to_str().expect("plain")]].concat(), store, SECRET));
        observed(&out.join("part-2-of-3.reglet"), folder.path())
    };
    let here = root.path().join("bucket/lesions");
    assert!(made(here.to_str().expect("plain"), "here") == made("s3://bucket/lesions", "there"));
}

#[test]
fn a_store_that_refuses_is_named_without_what_was_tried() {
    let (_root, store) = bucket();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("there.toml");
    let out = folder.path().join("out");
    let refused = |manifest: &str| {
        fs::write(&path, config(manifest, "")).expect("room");
        let words =
            ["audit", "--config", path.to_str().expect("plain"), "--out", out.to_str().expect("plain")];
        let output = program(&words, store, "anotherhunter2");
        assert_eq!(output.status.code(), Some(2));
        assert!(!out.exists(), "nothing is written");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused("s3://pictures/manifest.csv");
    assert!(
        said.contains("s3://pictures/manifest.csv` cannot be read (the store does not allow it)"),
        "{said}"
    );
    assert!(!said.contains("hunter2") && !said.contains(KEY) && !said.contains("Signature"), "{said}");
    // An address with a secret in it is not even shown in its line.
    let said = refused("https://me:hunter2@host/manifest.csv");
    assert!(said.contains("has a user name, a password or a signature in it"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let said = refused("https://host/manifest.csv?X-Amz-Signature=hunter2");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_picture_that_a_store_does_not_give_is_left_out_named_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    phantoms(folder.path());
    let web = Web::folder(folder.path(), |name, content| match name {
        "phantom-00005.png" => Answer::Fails("404 Not Found", 1000, content),
        "phantom-00007.png" => Answer::Fails("403 Forbidden", 1000, content),
        _ => Answer::Content(content),
    });
    let path = folder.path().join("web.toml");
    let with = |further: &str| {
        fs::write(&path, config(&format!("{}/manifest.csv", web.address), further)).expect("room");
        let first = reglet_audit::Shard::parse("1/3").expect("a part");
        reglet_audit::run_shard(&path, &[], first, &folder.path().join("out"))
    };
    let said = with("").expect_err("none may be missing").to_string();
    assert!(said.contains("phantom-00005.png"), "{said}");
    let said = with("unreadable = 0.06").expect("two of 36 may be missing").to_string();
    assert!(said.contains("skipped because they could not be read: 2\n"), "{said}");
    assert!(said.contains("phantom-00005.png: there is no picture"), "{said}");
    assert!(said.contains("phantom-00007.png") && said.contains("the store does not allow it"), "{said}");
    let said = with("unreadable = 0.05").expect_err("only one may be missing").to_string();
    assert!(said.contains("2 of 36 pictures cannot be read"), "{said}");
}

/// Prints what a part takes from a disk, from a server on the same cores, and from one that takes 100 ms for each file.
#[test]
#[ignore = "it measures"]
fn bench_a_part_from_far_away() {
    let folder = tempfile::tempdir().expect("a folder");
    many(folder.path(), 480);
    let served = |late: u64| {
        Web::folder(folder.path(), move |_, content| Answer::Late(Duration::from_millis(late), content))
    };
    let (soon, late) = (served(0), served(100));
    let measure = |manifest: &str, maps: &str, out: &str| -> Duration {
        let path: PathBuf = folder.path().join(format!("{out}.toml"));
        fs::write(&path, config(manifest, "").replace("maps = 8", maps)).expect("room");
        let out = folder.path().join(out);
        reglet_audit::run_plan(&path, &[], &out).expect("the plan is made");
        let start = Instant::now();
        part(&path, "1/1", &out);
        start.elapsed()
    };
    println!(
        "480 pictures with two masks each: from a disk, from a server here, and with 100 ms for each file:"
    );
    for (name, maps) in [("a tiny classifier's answers", "maps = 8"), ("and its maps", "maps = 480")] {
        let from = |place: &str, manifest: &str| measure(manifest, maps, &format!("{maps} {place}"));
        let here = from("here", "manifest.csv");
        let [soon, late] = [("soon", &soon), ("late", &late)]
            .map(|(name, web)| from(name, &format!("{}/manifest.csv", web.address)));
        println!("  {name}: {here:.1?}, {soon:.1?} and {late:.1?}");
    }
}
