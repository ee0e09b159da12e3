//! What is wrong with a correction's config or its data, a sentence each.

use super::*;

/// The result of a config with these lines in addition to the required ones.
fn fault(lines: &str, overrides: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("correct.toml");
    let text =
        format!("audit = \"ruler.toml\"\nmodel = \"shortcut\"\n{lines}\n[training]\nepochs = 1\nbatch = 8\n");
    fs::write(&path, text).expect("room");
    let overrides: Vec<String> = overrides
        .iter()
        .map(|setting| (*setting).to_owned())
        .chain(["audit.data.phantoms.count=8".to_owned()])
        .collect();
    let out = folder.path().join("out");
    let error = correct(&path, &overrides, &out).expect_err("it is refused");
    let written = fs::read_dir(&out).map_or(0, Iterator::count);
    assert_eq!(written, 0, "nothing is written");
    match error {
        Error::Config(fault) => fault.message,
        other => other.to_string(),
    }
}

const DATA: &str = "[data.phantoms]\ncount = 24\nsize = 128\nseed = 3107\n";

#[test]
fn pictures_that_the_audit_has_too_are_refused() {
    // The audit's own seed: its eight pictures are among the first of these.
    let lines = "[data.phantoms]\ncount = 24\nsize = 128\nseed = 71\n[methods.leace]\n";
    let message = fault(lines, &[]);
    assert!(
        message.contains("8 of the audit's 8 pictures") && message.contains("phantom-00000"),
        "{message}"
    );
}

/// The audit's pictures at half their size, compressed, under other names.
#[test]
fn copies_of_the_audit_s_pictures_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let options =
        reglet_data::phantom::PhantomOptions { count: 24, seed: 71, size: 128, ..Default::default() };
    let phantoms = reglet_data::phantom::Phantoms::new(options).expect("sound");
    let mut table = String::from("image,label,ruler\n");
    for index in 0..24 {
        let sample = phantoms.sample(index).expect("drawn");
        let smaller = image::imageops::resize(
            &sample.picture.into_rgb(),
            64,
            64,
            image::imageops::FilterType::Triangle,
        );
        let name = format!("other-{index}.jpg");
        smaller.save(folder.path().join(&name)).expect("room");
        table += &format!("{name},{},{}\n", phantoms.classes()[sample.label], index % 2);
    }
    let manifest = folder.path().join("manifest.csv");
    fs::write(&manifest, table).expect("room");
    let data = format!(
        "[data.manifest]\nmanifest = \"{}\"\nclasses = [\"benign\", \"melanoma\"]\nflags = {{ ruler = \"ruler\" }}\n",
        manifest.display()
    );
    let message = fault(&format!("{data}[methods.vanilla]\n"), &[]);
    assert!(message.contains("8 of the audit's 8 pictures look like copies"), "{message}");
    assert!(message.contains("'other-0"), "{message}");
}

/// Otherwise the first one by name would be corrected.
#[test]
fn one_of_several_artefacts_or_targets_must_be_chosen() {
    let several = ["audit.artefacts.ruler.changes=[\"insert\"]", "audit.artefacts.ink.changes=[\"insert\"]"];
    let message = fault(&format!("{DATA}[methods.leace]\n"), &several);
    assert!(message.contains("choose one, as artefact = \"…\": ink, ruler"), "{message}");
    let unknown = [several[0], several[1], "artefact=hair"];
    let message = fault(&format!("{DATA}[methods.leace]\n"), &unknown);
    assert!(message.contains("no artefact 'hair'; it has: ink, ruler"), "{message}");
    let message = fault(&format!("{DATA}[methods.leace]\n"), &["audit.targets=[\"benign\"]"]);
    assert!(message.contains("choose one, as target = \"…\": melanoma, benign"), "{message}");
}

#[test]
fn a_group_without_pictures_is_named() {
    let lines = format!("{DATA}ruler_given_benign = 0.0\n[methods.dfr]\n");
    let message = fault(&lines, &[]);
    assert!(message.contains("class benign with it") && message.contains("at least 4"), "{message}");
}

#[test]
fn a_wrong_value_is_named_with_what_it_may_be() {
    for (lines, words) in [
        ("margin = 2.0\n[methods.leace]\n", ["margin is 2", "from 0 to 1"]),
        ("held_out = 0.0\n[methods.leace]\n", ["held_out is 0", "above 0"]),
        ("[methods.group_dro]\nstep = -1.0\n", ["step is -1", "above 0"]),
        ("[methods.dfr]\nc = []\n", ["c is []", "at least one"]),
        ("[methods.leace]\nshrinkage = 3.0\n", ["shrinkage is 3", "from 0 to 1"]),
        ("", ["no method is named", "leace"]),
    ] {
        let (first, rest) = match lines.split_once("[methods") {
            Some((first, rest)) => (first, format!("[methods{rest}")),
            None => (lines, String::new()),
        };
        let message = fault(&format!("{first}{DATA}{rest}"), &[]);
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
}

#[test]
fn a_model_that_the_audit_does_not_have_is_named() {
    let message = fault(&format!("{DATA}[methods.leace]\n"), &["model=other"]);
    assert!(message.contains("no model 'other'") && message.contains("clean, shortcut"), "{message}");
}

/// After the correction each model has the name of its method, and the first of two of one name would be compared with itself.
#[test]
fn a_model_with_the_name_of_a_method_is_refused() {
    let lines = format!("{DATA}[methods.leace]\n");
    let renamed = ["model=leace", "audit.models.leace.weights=phantoms-shortcut.safetensors"];
    let message = fault(&lines, &renamed);
    assert!(message.contains("the name of the method 'leace'"), "{message}");
}

#[test]
fn a_module_that_cannot_be_frozen_is_named_with_the_nearest() {
    let message = fault(&format!("{DATA}[methods.vanilla]\n"), &["training.freeze=[\"layer9\"]"]);
    assert!(message.contains("'layer9'"), "{message}");
}

/// Pictures in a folder for each class, without information on whether they show the ruler.
#[test]
fn missing_flags_and_masks_are_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let phantoms =
        reglet_data::phantom::PhantomOptions { count: 16, seed: 5, size: 64, ..Default::default() };
    let phantoms = reglet_data::phantom::Phantoms::new(phantoms).expect("sound");
    let mut table = String::from("image,label,ruler\n");
    for index in 0..16 {
        let sample = phantoms.sample(index).expect("drawn");
        let name = format!("{index}.png");
        sample.picture.save(folder.path().join(&name)).expect("room");
        let class = &phantoms.classes()[sample.label];
        let flag = if index == 3 {
            ""
        } else if sample.shows("ruler") == Some(true) {
            "1"
        } else {
            "0"
        };
        table += &format!("{name},{class},{flag}\n");
    }
    let manifest = folder.path().join("manifest.csv");
    fs::write(&manifest, table).expect("room");
    let data = format!(
        "[data.manifest]\nmanifest = \"{}\"\nclasses = [\"benign\", \"melanoma\"]\nflags = {{ ruler = \"ruler\" }}\n",
        manifest.display()
    );
    let message = fault(&format!("{data}[methods.leace]\n"), &[]);
    assert!(message.contains("1 of") && message.contains("do not specify"), "{message}");
    let message = fault(&format!("{data}[methods.rrr]\n"), &[]);
    assert!(message.contains("needs masks") && message.contains("none of"), "{message}");
}

/// Outlines that are of other pictures: eight times too large.
#[test]
fn outlines_off_the_picture_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = reglet_data::phantom::PhantomOptions { count: 8, seed: 5, size: 64, ..Default::default() };
    let phantoms = reglet_data::phantom::Phantoms::new(options).expect("sound");
    let mut table = String::from("image,label\n");
    for index in 0..8 {
        let sample = phantoms.sample(index).expect("drawn");
        sample.picture.save(folder.path().join(format!("{index}.png"))).expect("room");
        table += &format!("{index}.png,{}\n", phantoms.classes()[sample.label]);
    }
    fs::write(folder.path().join("manifest.csv"), table).expect("room");
    let coco = serde_json::json!({
        "images": [{ "id": 1, "file_name": "3.png", "width": 64, "height": 64 }],
        "annotations": [{ "id": 1, "image_id": 1, "category_id": 1,
            "segmentation": [[320.0, 320.0, 480.0, 320.0, 480.0, 400.0]] }],
        "categories": [{ "id": 1, "name": "ruler" }]
    });
    fs::write(folder.path().join("rulers.json"), coco.to_string()).expect("room");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let data = format!(
        "[data.manifest]\nmanifest = \"{}\"\nclasses = [\"benign\", \"melanoma\"]\ncoco = {{ file = \"{}\" }}\n",
        at("manifest.csv"),
        at("rulers.json")
    );
    let message = fault(&format!("{data}[methods.rrr]\n"), &[]);
    assert!(message.contains("annotation 1") && message.contains("outside the picture"), "{message}");
}

/// A learning rate of a million: the training stops, keeps what was good, and says so.
#[test]
fn a_training_that_diverges_says_so_and_keeps_the_last_good_weights() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "audit = \"ruler.toml\"\nmodel = \"shortcut\"\n{DATA}[training]\nbatch = 8\nepochs = 3\n\
         optimiser = {{ sgd = {{ rate = 1e6 }} }}\n[methods.vanilla]\n"
    );
    let path = folder.path().join("correct.toml");
    fs::write(&path, text).expect("room");
    let out = folder.path().join("out");
    let done = correct(&path, &["audit.data.phantoms.count=16".to_owned()], &out).expect("it runs");
    let (said, passes) = (done.to_string(), !done.results.passed.is_empty());
    assert!(
        !passes && said.contains("diverged at step") && said.contains("lower the learning rate"),
        "{said}"
    );
    let page = fs::read_to_string(out.join("correction.html")).expect("there");
    assert!(page.contains("The training diverged at step"), "the page says so too");
    let weights = |path: &Path| reglet_model::Weights::read(path).expect("readable");
    let (before, after) = (
        weights(Path::new("configs/models/phantom-shortcut.safetensors")),
        weights(&out.join("vanilla.safetensors")),
    );
    for name in before.names() {
        let (before, after) = (before.get(name).expect("there"), after.get(name).expect("there"));
        assert!(after.equal(&before.to_kind(after.kind())), "{name} is not what it was");
    }
}

/// A whole correction, small: what is left, and that it says what it is.
#[test]
fn a_correction_leaves_weights_of_which_only_some_were_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let overrides: Vec<String> = [
        "data.phantoms.count=80",
        "audit.data.phantoms.count=24",
        "audit.operating_point={ sensitivity = 0.9 }",
        "language=fr",
        "training.epochs=1",
    ]
    .map(str::to_owned)
    .to_vec();
    let text = format!(
        "audit = \"ruler.toml\"\nmodel = \"shortcut\"\n{DATA}ruler_given_melanoma = 0.7\nruler_given_benign = 0.3\n\
         [training]\nbatch = 16\n[methods.leace]\n[methods.vanilla]\n[methods.rr_clarc]\nlambda = [10.0]\n[methods.rrr]\n"
    );
    let path = folder.path().join("correct.toml");
    fs::write(&path, text).expect("room");
    let done = correct(&path, &overrides, &out).expect("it runs");
    let (said, passes) = (done.to_string(), !done.results.passed.is_empty());
    assert!(said.contains("load_state_dict"), "{said}");
    let weights = |path: &Path| reglet_model::Weights::read(path).expect("readable");
    let before = weights(Path::new("configs/models/phantom-shortcut.safetensors"));
    let changed = |method: &str| -> Vec<String> {
        let after = weights(&out.join(format!("{method}.safetensors")));
        assert!(after.names().eq(before.names()), "the names are the model's own");
        let differs = |name: &&str| !after.get(name).expect("there").equal(before.get(name).expect("there"));
        after.names().filter(differs).map(str::to_owned).collect()
    };
    assert_eq!(changed("leace"), ["fc.bias", "fc.weight"]);
    let behind = changed("rr_clarc");
    assert!(
        !behind.is_empty()
            && behind.iter().all(|name| name.starts_with("fc.") || name.starts_with("layer4.1.bn2.")),
        "{behind:?}"
    );
    assert!(changed("vanilla").len() > 100 && changed("rrr").len() > 100);
    let page = fs::read_to_string(out.join("correction.html")).expect("there");
    assert!(
        page.contains("lang=\"fr\"") && page.contains("LEACE") && !page.contains("<script"),
        "a page in French"
    );
    assert!(page.contains("On ignore s’il comporte"), "no patient is named");
    let decides = page.split_once("si sa probabilité dépasse ").expect("the threshold is shown").1;
    assert!(
        decides.starts_with("0,") && decides.find(", avant").is_some_and(|end| end <= 6),
        "{}",
        &decides[..30]
    );
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("correction.json")).expect("there")).expect("JSON");
    assert_eq!(json["methods"].as_array().expect("a list").len(), 4);
    assert_eq!(json["passed"].as_array().expect("a list").is_empty(), !passes);
    // One threshold for all, at which the model before has the sensitivity that was asked for.
    assert!(json["decision"].as_f64().is_some_and(|decision| decision > 0.0 && decision < 1.0), "{json}");
    assert_eq!(json["before"]["sensitivity"]["mean"].as_f64(), Some(11.0 / 12.0), "{}", json["before"]);
    let after = json["methods"].as_array().expect("a list").iter();
    let after: Vec<f64> =
        after.filter_map(|method| method["after"]["sensitivity"]["mean"].as_f64()).collect();
    assert!(after.iter().any(|found| *found != 11.0 / 12.0), "each has a threshold of its own: {after:?}");
}
