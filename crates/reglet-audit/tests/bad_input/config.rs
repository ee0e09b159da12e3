//! Mistakes in an audit's config, shown at their line, and in the data that it names.

use crate::bench::{Bench, config, exported};
use reglet_data::phantom::{PhantomOptions, Phantoms};
use reglet_data::{Dataset, Mask};

/// The line of a config, counted from 1, that begins with `beginning`.
fn line(config: &str, beginning: &str) -> usize {
    config.lines().position(|line| line.starts_with(beginning)).expect("such a line") + 1
}

/// Runs an audit whose config has `old` replaced by `new`, and expects the fault at the line that begins with
/// `place`, in words that contain all of `expected`.
fn refused_at(old: &str, new: &str, place: &str, expected: &[&str]) {
    let right = config("[data.phantoms]\ncount = 4\nsize = 32");
    let wrong = right.replacen(old, new, 1);
    assert_ne!(right, wrong, "there is no '{old}' to replace");
    let place = format!("audit.toml:{}:", line(&wrong, place));
    let expected: Vec<&str> = expected.iter().copied().chain([place.as_str()]).collect();
    Bench::new().audit(&wrong).refused(&expected);
}

#[test]
fn a_config_that_is_right_runs() {
    let bench = Bench::new();
    let run = bench.audit(&config("[data.phantoms]\ncount = 4\nsize = 32"));
    run.accepted(&["report.html", "results.json", "samples.csv", "model-card.md", "junit.xml", "figures"]);
    let figures: Vec<String> = ["answers", "insert", "remove", "attention"]
        .map(|name| bench.read(&format!("figures/clean-{name}.svg")))
        .into();
    assert!(figures.iter().all(|figure| figure.starts_with("<svg")));
}

#[test]
fn a_config_that_is_not_there() {
    let bench = Bench::new();
    let out = bench.out();
    let run = bench.run(&["audit", "--config", "nowhere.toml", "--out", &out]);
    run.refused(&["nowhere.toml", "ruler.toml"]);
}

#[test]
fn a_config_that_is_not_toml() {
    refused_at("seed = 7", "seed = 7 8", "seed", &[]);
}

#[test]
fn an_unknown_key() {
    refused_at("seed = 7", "sede = 7", "sede", &["`sede`", "`seed`"]);
    refused_at("count = 4", "cuont = 4", "cuont", &["`cuont`", "`count`"]);
    refused_at(
        "[methods.saliency]",
        "[methods.salience]",
        "[methods.salience]",
        &["'salience'", "'saliency'"],
    );
    refused_at("layer = ", "layers = ", "layers", &["'layers'", "it has: layer, upsampling"]);
    refused_at("layer = \"layer3.1.conv2\"", "layer = 3", "layer", &["grad_cam: layer", "integer `3`"]);
}

/// Otherwise an audit with a misspelt expectation would pass whenever nothing is convicted.
#[test]
fn an_expectation_of_nothing_that_is_audited() {
    refused_at(
        "[models.clean]",
        "[models.clean]\nexpect = { rulre = \"clear\" }",
        "expect",
        &["'rulre'", "audited are: ruler"],
    );
}

#[test]
fn a_value_of_the_wrong_type() {
    refused_at("seed = 7", "seed = \"seven\"", "seed", &["seven", "u64"]);
    refused_at("seed = 7", "seed = -7", "seed", &["-7"]);
    refused_at("count = 4", "count = 4.5", "count", &["4.5"]);
}

#[test]
fn a_path_that_is_not_there() {
    refused_at("phantom-clean", "phantom-cleen", "weights", &["phantom-cleen.safetensors", "no such file"]);
}

#[test]
fn a_threshold_out_of_range() {
    refused_at("min_effect = 0.1", "min_effect = 2", "min_effect", &["min_effect is 2", "0 to 1"]);
    refused_at("min_density = 1.0", "min_density = nan", "min_density", &["min_density", "above 0"]);
    refused_at("min_pictures = 2", "min_pictures = 1", "min_pictures", &["at least 2"]);
}

#[test]
fn an_override_out_of_range() {
    let bench = Bench::new();
    let path = bench.write("audit.toml", config("[data.phantoms]\ncount = 4\nsize = 32").as_bytes());
    let out = bench.out();
    let run = bench.run(&["audit", "--config", &path, "--set", "verdict.min_effect=2", "--out", &out]);
    run.refused(&["min_effect is 2", "audit.toml with --set"]);
    bench.run(&["audit", "--config", &path, "--set", "seed", "--out", &out]).refused(&["key=value"]);
}

#[test]
fn names_that_do_not_exist() {
    refused_at("\"melanoma\"", "\"melanona\"", "target", &["'melanona'", "'melanoma'"]);
    refused_at("\"ruler\"", "\"rular\"", "artefact", &["'rular'", "ruler"]);
    refused_at("\"resnet18\"", "\"resnet19\"", "architecture", &["'resnet19'", "'resnet18'"]);
    refused_at("layer3.1.conv2", "layer3.1.conv9", "layer", &["'layer3.1.conv9'", "'layer3.1.conv2'"]);
    refused_at("\"remove\"", "\"removed\"", "changes", &["`removed`", "`remove`"]);
    refused_at("\"cpu\"", "\"cdua\"", "device", &["'cdua'", "cpu"]);
}

#[test]
fn weights_of_another_architecture() {
    refused_at(
        "\"resnet18\"",
        "\"mobilenet_v2\"",
        "weights",
        &["do not fit mobilenet_v2", "perhaps resnet18"],
    );
}

/// Writes two phantoms with their masks and a manifest that lists them. The masks of the ruler are drawn by
/// `ruler`, which is given the true ones; the flags are those given.
fn manifest(bench: &Bench, ruler: impl Fn(&Mask) -> Mask, flags: [&str; 2]) -> String {
    let options = PhantomOptions {
        count: 2,
        size: 64,
        ruler_given_melanoma: 1.0,
        ruler_given_benign: 1.0,
        ..PhantomOptions::default()
    };
    let phantoms = Phantoms::new(options).expect("in range");
    let mut table = String::from("image,label,ruler_mask,lesion_mask,ruler\n");
    for (index, flag) in flags.into_iter().enumerate() {
        let sample = phantoms.sample(index).expect("two of them");
        let path = |what: &str| bench.folder().join(format!("{what}{index}.png"));
        sample.picture.save(path("picture")).expect("room");
        ruler(&sample.regions["ruler"]).to_gray().save(path("ruler")).expect("room");
        sample.regions["lesion"].to_gray().save(path("lesion")).expect("room");
        let label = &phantoms.classes()[sample.label];
        table += &format!("picture{index}.png,{label},ruler{index}.png,lesion{index}.png,{flag}\n");
    }
    bench.write("manifest.csv", table.as_bytes());
    config(
        "[data.manifest]\nmanifest = \"manifest.csv\"\nclasses = [\"benign\", \"melanoma\"]\nflags = { ruler = \"ruler\" }",
    )
}

fn nothing(mask: &Mask) -> Mask {
    Mask::empty(mask.width(), mask.height()).expect("a size that exists")
}

#[test]
fn a_manifest_that_is_right_runs() {
    let bench = Bench::new();
    let config = manifest(&bench, Mask::clone, ["1", "1"]);
    bench.audit(&config).accepted(&["report.html", "results.json", "samples.csv"]);
}

#[test]
fn estimated_lesions_are_called_so_wherever_their_figures_stand() {
    let bench = Bench::new();
    let given = manifest(&bench, Mask::clone, ["1", "1"])
        .replace("flags =", "masks = { ruler = \"ruler_mask\" }\nflags =");
    // Without any mask of the lesion, nobody knows what a change covers.
    bench.audit(&given).refused(&[
        "no region 'lesion'",
        "unknown whether a change covers",
        "lesion_masks = \"estimated\"",
        "lesion_masks = \"no_lesion\"",
    ]);
    let without = given.replace("\"remove\"]", "\"remove\", \"remove_lesion\"]");
    let contradiction = without.replace("seed = 7", "seed = 7\nlesion_masks = \"no_lesion\"");
    bench.audit(&contradiction).refused(&["nothing to 'remove_lesion'"]);
    let none = given.replace("seed = 7", "seed = 7\nlesion_masks = \"no_lesion\"");
    bench.audit(&none).accepted(&["samples.csv", "results.json"]);
    assert!(
        !bench.read("samples.csv").contains(",lesion,") && !bench.read("report.html").contains("(estimated)")
    );
    assert!(bench.read("results.json").contains("\"no_lesion\": true"));
    assert!(bench.read("report.html").contains("does not show one: it is assumed"));

    let estimated = without.replace("seed = 7", "seed = 7\nlesion_masks = \"estimated\"");
    bench.audit(&estimated).accepted(&["report.html", "results.json", "samples.csv"]);
    assert!(
        bench.read("samples.csv").contains(",lesion,1,") && bench.read("samples.csv").contains(",ruler,0,")
    );
    assert!(bench.read("results.json").contains("\"estimated\": {\n      \"lesion\": 2\n    }"));
    let report = bench.read("report.html");
    for said in [
        "<td>lesion (estimated)</td>",
        "whose outline is estimated in 2 pictures",
        "ruler left in place (estimated)",
    ] {
        assert!(report.contains(said), "the report does not say '{said}'");
    }
    assert!(!report.contains("ruler (estimated)"));
}

#[test]
fn a_published_data_set_with_a_faulty_line() {
    let bench = Bench::new();
    let pictures = bench.folder().join("HAM10000_images_part_1");
    std::fs::create_dir(&pictures).expect("room");
    std::fs::copy(bench.phantom(), pictures.join("ISIC_0024306.png")).expect("room");
    bench.write("HAM10000_metadata.csv", b"lesion_id,image_id,dx\nHAM_1,ISIC_0024306,mell\n");
    let config = config("[data.ham10000]\nfolder = \".\"\nlabels = { mel = \"melanoma\", nv = \"benign\" }");
    let place = format!("audit.toml:{}:", line(&config, "folder"));
    bench.audit(&config).refused(&["HAM10000_metadata.csv", "line 2", "`mell`", &place]);
}

#[test]
fn a_manifest_that_is_not_there() {
    let bench = Bench::new();
    let config = manifest(&bench, Mask::clone, ["1", "1"]).replace("manifest.csv", "nowhere.csv");
    let place = format!("audit.toml:{}:", line(&config, "manifest"));
    bench.audit(&config).refused(&["nowhere.csv", &place]);
}

#[test]
fn a_manifest_with_a_faulty_line() {
    let bench = Bench::new();
    let config = manifest(&bench, Mask::clone, ["1", "perhaps"]);
    bench.audit(&config).refused(&["manifest.csv", "line 3", "`perhaps`"]);
}

#[test]
fn a_mask_of_another_size() {
    let bench = Bench::new();
    let smaller = |_: &Mask| Mask::from_fn(32, 32, |x, _| x < 8).expect("a size that exists");
    let config = manifest(&bench, smaller, ["1", "1"]);
    bench.audit(&config).refused(&["ruler0.png", "32×32", "64×64"]);
}

#[test]
fn an_empty_mask_of_a_ruler_that_is_said_to_be_there() {
    let bench = Bench::new();
    let config = manifest(&bench, nothing, ["1", "1"]);
    bench.audit(&config).refused(&["picture0.png", "`ruler`", "empty"]);
}

#[test]
fn an_empty_mask_has_no_density_rather_than_none_of_it() {
    let bench = Bench::new();
    let config = manifest(&bench, nothing, ["0", "0"]);
    bench.audit(&config).accepted(&["results.json", "samples.csv"]);
    let table = bench.read("samples.csv");
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    let region = rows[0].iter().position(|head| *head == "region").expect("a column");
    assert!(rows.iter().any(|row| row[region] == "lesion"), "{table}");
    assert!(rows.iter().all(|row| row[region] != "ruler"), "an empty region was given a share:\n{table}");
}

#[test]
fn annotations_that_name_no_picture_of_the_data_set() {
    let bench = Bench::new();
    let config = manifest(&bench, Mask::clone, ["1", "1"]);
    let coco = r#"{
        "images": [{"id": 1, "file_name": "other.png", "width": 64, "height": 64}],
        "categories": [{"id": 1, "name": "hair"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[1, 1, 9, 1, 9, 9]]}]
    }"#;
    bench.write("annotations.json", coco.as_bytes());
    let config = config.replace("flags =", "coco = { file = \"annotations.json\" }\nflags =");
    let place = format!("audit.toml:{}:", line(&config, "coco"));
    bench.audit(&config).refused(&["annotations.json", "other.png", "picture0.png", &place]);
}

#[test]
fn a_model_that_is_named_twice_or_not_at_all() {
    let both = "architecture = \"resnet18\"\narchive = \"m.pt2\"";
    refused_at("architecture = \"resnet18\"", both, "[models.clean]", &["either an architecture", "archive"]);
    refused_at("architecture = \"resnet18\"\n", "", "[models.clean]", &["either an architecture", "archive"]);
}

#[test]
fn an_exported_model_is_audited() {
    let config = config("[data.phantoms]\ncount = 4\nsize = 32");
    let start = config.find("architecture").expect("a model");
    let end = config.find("[methods.saliency]").expect("methods");
    let archive = |name: &str| {
        format!("archive = '{}'\nclasses = ['a', 'b', 'c', 'melanoma']\n\n", exported(name).display())
    };
    let layer = |text: String| text.replace("layer3.1.conv2", "conv");
    let with = |name: &str| layer(format!("{}{}{}", &config[..start], archive(name), &config[end..]));

    let bench = Bench::new();
    bench.audit(&with("twice")).accepted(&["report.html", "results.json", "samples.csv"]);
    assert!(bench.read("results.json").contains("Twice"));
    let wrong = with("refused/fixed-batch");
    let place = format!("audit.toml:{}:", line(&wrong, "archive"));
    Bench::new().audit(&wrong).refused(&["fixed number of pictures", &place]);
}
