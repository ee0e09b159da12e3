//! The page in a browser: a ruler is dragged and the shortcut follows, by pointer and by keyboard; pictures are annotated; the
//! French lesson is done from the first question to the file. By hand, with `-- --ignored film` and `bench`: the moving picture
//! of the README, and how soon the page answers.

mod bench;
mod film;
mod support;

use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use reglet_explore::shipped;
use reglet_tests::browser::{self, Case};
use serde_json::Value;
use support::{Folder, Mouse, Page, Touch, serve};

/// What is done with the browser at this path.
type InBrowser = fn(&Path);

fn main() -> ExitCode {
    let cases: [(&str, InBrowser); 12] = [
        ("a_dragged_ruler_moves_the_shortcut_alone", a_dragged_ruler_moves_the_shortcut_alone),
        ("a_finger_drags_the_ruler_and_not_the_page", a_finger_drags_the_ruler_and_not_the_page),
        ("three_pictures_are_annotated_and_audited", three_pictures_are_annotated_and_audited),
        ("kinds_of_maps_lead_to_an_annotation", kinds_of_maps_lead_to_an_annotation),
        ("what_is_painted_and_suggested_is_saved", what_is_painted_and_suggested_is_saved),
        ("everything_of_a_phantom_can_be_set_and_undone", everything_of_a_phantom_can_be_set_and_undone),
        ("the_french_lesson_ends_in_a_file", the_french_lesson_ends_in_a_file),
        ("the_picture_that_was_chosen_last_stays", the_picture_that_was_chosen_last_stays),
        ("a_dropped_picture_comes_back_with_its_size", a_dropped_picture_comes_back_with_its_size),
        ("no_map_is_shown_of_anything_else", no_map_is_shown_of_anything_else),
        ("what_has_failed_is_requested_again", what_has_failed_is_requested_again),
        ("no_view_leaves_a_sketch_in_another", no_view_leaves_a_sketch_in_another),
    ];
    let case = |(name, case): (&str, fn(&Path))| Case::new(name, case);
    let by_hand = [Case::by_hand("film", film::film), Case::by_hand("bench", bench::bench)];
    browser::run("the page", cases.into_iter().map(case).chain(by_hand).collect())
}

fn a_dragged_ruler_moves_the_shortcut_alone(chrome: &Path) {
    let page = Page::open(chrome, &serve(shipped().expect("the classifiers that come with the program")));
    page.until("an answer", "document.querySelector('.percent')?.textContent.includes('%')");
    page.until("a map", "document.querySelector('.caption')?.textContent.includes('ms')");
    assert_eq!(page.ask("location.search"), "", "the token leaves the address");

    // The page opens on a ruler; with the mouse it is dragged until only a corner of it is in the picture, and back.
    page.settle();
    let open = page.percents();
    page.ask("(document.querySelector('#changes input[value=none]').click(), true)");
    page.settle();
    let without = page.percents();
    assert!(open[0] - without[0] > 30.0, "the ruler convinces the shortcut: {without:?}, then {open:?}");
    assert!((open[1] - without[1]).abs() < 15.0, "and not the clean one: {without:?}, then {open:?}");
    page.click("#changes input[value=insert]");
    page.settle();
    let from = page.ruler();
    page.mouse(Mouse::Pressed, from);
    for step in 1..=40 {
        page.mouse(Mouse::Moved, [from[0], from[1] - 4.0 * f64::from(step)]);
        thread::sleep(Duration::from_millis(8));
    }
    page.mouse(Mouse::Released, [from[0], from[1] - 160.0]);
    page.settle();
    let to = page.ruler();
    assert!((from[1] - to[1] - 160.0).abs() < 3.0, "the ruler lies where it was dropped: {from:?}, {to:?}");
    assert!(page.ask("location.hash").as_str().expect("a text").contains("ruler="), "the address has it");
    page.click("#undo");
    page.settle();
    let back = page.ruler();
    assert!((back[1] - from[1]).abs() < 3.0, "one step takes the whole drag back: {back:?}");

    // By keyboard: an arrow moves it, Delete takes it away, and who does not see hears of it.
    page.ask("(document.querySelector('.ruler').focus(), true)");
    for _ in 0..5 {
        page.press("ArrowLeft");
    }
    page.settle();
    let left: [f64; 2] = serde_json::from_value(page.ask("(() => { const g = document.querySelector('.ruler').getAttribute('transform').match(/-?[\\d.]+/g).map(Number); return [g[0], g[1]]; })()")).expect("a place");
    assert!((left[0] - 0.425).abs() < 0.01, "{left:?}");
    page.press("Delete");
    page.settle();
    assert_eq!(page.percents(), without);
    assert!(
        page.ask("document.querySelector('#live').textContent")
            .as_str()
            .expect("a text")
            .contains("shortcut")
    );
    page.assert_no_complaint();
}

fn three_pictures_are_annotated_and_audited(chrome: &Path) {
    let folder = Folder::of_classes(&[("benign", 2), ("melanoma", 1)]);
    let page = Page::open(chrome, &serve(folder.served()));
    page.until("the page", "!document.querySelector('#tab-annotate').hidden");
    page.click("#tab-annotate");
    let names = ["benign/0.png", "benign/1.png", "melanoma/2.png"];
    for (index, name) in names.iter().enumerate() {
        page.until(
            "the picture",
            &format!("document.querySelector('#annotate h2')?.textContent.includes('{name}')"),
        );
        page.ask("(document.querySelector('.sheet').focus(), true)");
        // A strip: from the middle, and from further right.
        page.press(" ");
        for _ in 0..8 {
            page.press("ArrowRight");
        }
        page.press(" ");
        page.until("a strip is suggested", "document.querySelector('.poly.suggested.region-0')");
        page.press("a");
        page.until("and taken", "document.querySelector('.poly.region-0:not(.suggested)')");
        if index < 2 {
            page.press("n");
            let saved = format!("document.querySelector('#annotated').value === {}", index + 1);
            page.until("it is saved", &saved);
        }
    }
    // The last picture is saved by the audit, and what is being drawn is not lost.
    page.click("#audit-begin");
    page.until("it is audited", "!document.querySelector('#audit-report').hidden");
    let coco = folder.coco(1);
    for index in 0..3 {
        assert_eq!(coco.shows(index, "ruler"), Some(true));
        let masks = coco.masks(index, 128, 128).expect("masks");
        assert!(masks["ruler"].get(70, 64) && !masks["ruler"].get(20, 64));
        assert!(masks["lesion"].is_empty());
    }
    let verdicts = page.text("document.querySelector('.findings').textContent");
    assert!(verdicts.contains("shortcut") && verdicts.contains("clean"), "{verdicts}");
    let samples = std::fs::read_to_string(folder.out().join("audit-1/samples.csv")).expect("a table");
    assert!(names.iter().all(|name| samples.contains(name)), "{samples}");
    page.assert_no_complaint();

    // The report opens as any link does, is whole, and runs nothing but its own script.
    let report = page.text("document.querySelector('#audit-report').href");
    page.navigate(&report);
    page.until("the report", "document.querySelectorAll('section.model').length === 2");
    page.until("its script runs", "!document.querySelector('#model-1 form').hidden");
    assert!(page.text("document.title").contains("ruler"));
    page.complaints_are_none();
}

/// Nothing is annotated at first. The audit finds kinds of maps; what a typical one of the first kind points at becomes a ruler.
fn kinds_of_maps_lead_to_an_annotation(chrome: &Path) {
    let folder = Folder::of_classes(&[("benign", 2), ("melanoma", 6)]);
    let page = Page::open(chrome, &serve(folder.served()));
    page.until("the page", "!document.querySelector('#tab-annotate').hidden");
    page.click("#tab-annotate");
    page.until("the picture", "document.querySelector('#annotate h2')?.textContent.includes('0.png')");
    page.click("#audit-all");
    page.click("#audit-kinds");
    page.click("#audit-begin");
    page.until("kinds of maps", "document.querySelector('.kinds td button')");
    page.ask("(document.querySelector('.kinds td button').click(), true)");
    page.until("the map's peak is suggested", "document.querySelector('.poly.suggested.region-0')");
    let shown = page.text("document.querySelector('#annotate h2').textContent");
    page.press("a");
    page.press("n");
    page.until("it is saved", "document.querySelector('#annotated').value === 1");
    let file = std::fs::read(folder.path().join("reglet-annotations-1.json")).expect("the file");
    let coco: Value = serde_json::from_slice(&file).expect("JSON");
    let (images, drawn) = (&coco["images"], coco["annotations"].as_array().expect("a list"));
    assert!(drawn.len() == 1 && drawn[0]["area"].as_f64() > Some(1.0), "{coco}");
    let image = images.as_array().expect("a list").iter().find(|image| image["id"] == drawn[0]["image_id"]);
    let name = image.expect("the picture")["file_name"].as_str().expect("a name");
    assert!(name.starts_with("melanoma/") && shown.contains(name), "{name} of '{shown}'");
    page.assert_no_complaint();
}

fn what_is_painted_and_suggested_is_saved(chrome: &Path) {
    let folder = Folder::of_classes(&[("benign", 1), ("melanoma", 1)]);
    let page = Page::open(chrome, &serve(folder.served()));
    page.until("the page", "!document.querySelector('#tab-annotate').hidden");
    page.click("#tab-annotate");
    page.until("the picture", "document.querySelector('#annotate h2')?.textContent.includes('0.png')");
    // A stroke with the mouse, of which the eraser takes the middle away, and another that is taken back.
    page.click("#annotate input[value=brush]");
    let at = |x: f64, y: f64| -> [f64; 2] {
        let at = page.ask(&format!("(() => {{ const b = document.querySelector('.sheet').getBoundingClientRect(); return [b.left + {x} * b.width, b.top + {y} * b.height]; }})()"));
        serde_json::from_value(at).expect("a place")
    };
    let stroke = |from: [f64; 2], to: [f64; 2]| {
        page.mouse(Mouse::Pressed, from);
        for step in 1..=10 {
            let along = f64::from(step) / 10.0;
            page.mouse(
                Mouse::Moved,
                [from[0] + along * (to[0] - from[0]), from[1] + along * (to[1] - from[1])],
            );
        }
        page.mouse(Mouse::Released, to);
    };
    stroke(at(0.2, 0.25), at(0.8, 0.25));
    page.click("#annotate input[value=eraser]");
    stroke(at(0.5, 0.15), at(0.5, 0.35));
    page.click("#annotate input[value=brush]");
    stroke(at(0.2, 0.75), at(0.8, 0.75));
    page.press("Backspace");
    page.press("n");
    page.until("the other picture", "document.querySelector('#annotate h2')?.textContent.includes('1.png')");
    // What the shortcut looks at in a melanoma: suggested from the map, and accepted by key.
    page.ask("(document.querySelector('.sheet').focus(), true)");
    page.press("r");
    page.press("m");
    page.until("the map's peak is suggested", "document.querySelector('.poly.suggested.region-1')");
    page.press("a");
    page.press("n");
    page.until("it is saved", "document.querySelector('#annotated').value === 2");
    let masks = |index: usize| folder.coco(1).masks(index, 128, 128).expect("masks");
    let (ruler, lesion) = (&masks(0)["ruler"], &masks(1)["lesion"]);
    assert!(
        ruler.get(32, 32) && ruler.get(96, 32) && !ruler.get(64, 32),
        "painted, and erased in the middle"
    );
    assert!(!ruler.get(64, 96), "what was taken back is not there");
    assert!(!lesion.is_empty() && lesion.fraction() < 0.6, "{}", lesion.fraction());
    let runs: Value = serde_json::from_slice(
        &std::fs::read(folder.path().join("reglet-annotations-1.json")).expect("the file"),
    )
    .expect("JSON");
    let runs = runs["annotations"].as_array().expect("a list");
    assert!(runs.iter().any(|one| one["segmentation"]["counts"].is_array()), "run lengths");
    // It is there again when one comes back, as one does after the last.
    page.until("the first picture", "document.querySelector('#annotate h2')?.textContent.includes('0.png')");
    let seen = "(() => { const c = document.querySelector('.painted'); const o = new OffscreenCanvas(1, 1).getContext('2d'); o.drawImage(c, -Math.round(c.width / 4), -Math.round(c.height / 4)); return o.getImageData(0, 0, 1, 1).data[3]; })()";
    page.until("what was painted is shown", &format!("{seen} > 0"));
    page.assert_no_complaint();
}

fn a_finger_drags_the_ruler_and_not_the_page(chrome: &Path) {
    let page = Page::open(chrome, &serve(shipped().expect("the classifiers that come with the program")));
    page.phone();
    page.until("an answer", "document.querySelector('.percent')?.textContent.includes('%')");
    page.settle();
    let place =
        "document.querySelector('.ruler').getAttribute('transform').match(/-?[\\d.]+/g).map(Number)[1]";
    let (before, from) = (page.number(place), page.ruler());
    page.touch(Touch::Start, from);
    for step in 1..=20 {
        page.touch(Touch::Move, [from[0], from[1] - 5.0 * f64::from(step)]);
        thread::sleep(Duration::from_millis(16));
    }
    page.touch(Touch::End, from);
    page.settle();
    assert!(before - page.number(place) > 0.15, "the ruler has moved: {before}, {}", page.number(place));
    assert_eq!(page.number("window.scrollY"), 0.0, "the page has not");
    // Beside the ruler a finger scrolls, as everywhere.
    let beside = [from[0], 60.0];
    page.touch(Touch::Start, [beside[0], 700.0]);
    for step in 1..=20 {
        page.touch(Touch::Move, [beside[0], 700.0 - 20.0 * f64::from(step)]);
        thread::sleep(Duration::from_millis(8));
    }
    page.touch(Touch::End, beside);
    page.until("the page scrolls", "window.scrollY > 50");
    page.assert_no_complaint();
}

fn everything_of_a_phantom_can_be_set_and_undone(chrome: &Path) {
    let page = Page::open(chrome, &serve(shipped().expect("the classifiers that come with the program")));
    page.until("an answer", "document.querySelector('.percent')?.textContent.includes('%')");
    page.settle();
    let names = page.ask("[...document.querySelectorAll('#sliders input')].map((i) => i.dataset.property)");
    let names: Vec<String> = serde_json::from_value(names).expect("names");
    assert_eq!(names.len(), 20, "{names:?}");
    let hash = page.text("location.hash");
    for name in &names {
        let set = format!(
            "(() => {{ const i = document.querySelector('[data-property={name}]'); const far = Math.abs(i.value - i.min) > Math.abs(i.max - i.value) ? i.min : i.max; i.value = far; i.dispatchEvent(new Event('input', {{ bubbles: true }})); i.dispatchEvent(new Event('change', {{ bubbles: true }})); return i.value; }})()"
        );
        let value = page.text(&set);
        let written = format!("decodeURIComponent(location.hash).includes('{name}:')");
        page.until(&format!("{name} = {value} in the address"), &written);
    }
    let changed = page.text("location.hash");
    for _ in &names {
        page.click("#undo");
    }
    page.settle();
    assert_eq!(page.text("location.hash"), hash, "as many steps back as forth");
    for _ in &names {
        page.click("#redo");
    }
    page.settle();
    assert_eq!(page.text("location.hash"), changed);
    // The address is all that there is to know: another visitor sees the same.
    let percents = page.percents();
    page.ask(&format!("(location.hash = '#picture=benign,8', location.hash = '{changed}', true)"));
    page.settle();
    assert_eq!(page.percents(), percents);
    assert_eq!(page.text("location.hash"), changed);
    page.assert_no_complaint();
}

fn the_french_lesson_ends_in_a_file(chrome: &Path) {
    let page = Page::open(chrome, &serve(shipped().expect("the classifiers that come with the program")));
    page.until("the page", "document.querySelector('.percent')?.textContent.includes('%')");
    page.click("#language");
    page.click("#tab-lesson");
    page.until("the lesson", "document.querySelector('#lesson-seed')");
    assert_eq!(page.ask("document.documentElement.lang"), "fr");
    // What is saved is kept here instead.
    page.ask("(URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return 'about:blank#'; }, true)");
    page.ask("(HTMLAnchorElement.prototype.click = () => {}, document.querySelector('#lesson-name').value = 'Ada <b>L</b>', document.querySelector('#lesson-seed').value = '3', document.querySelector('#lesson button.primary').click(), true)");
    for question in 1..=13 {
        let step = if question == 13 {
            "Dernière question".to_owned()
        } else {
            format!("Question {question} sur 12")
        };
        page.until(&step, &format!("document.querySelector('#lesson .step')?.textContent === '{step}' && document.querySelector('#lesson canvas').width > 300"));
        page.ask("(() => { const l = document.querySelector('#lesson'); l.querySelector('.options input')?.click(); const t = l.querySelector('textarea'); if (t) { t.value = 'Parce que </script>'; t.dispatchEvent(new Event('input')); } const s = l.querySelector('.stage.markable'); if (s) { const b = s.getBoundingClientRect(); s.dispatchEvent(new MouseEvent('click', { clientX: b.left + b.width / 2, clientY: b.top + b.height / 2, bubbles: true })); } return true; })()");
        page.until("it can be committed", "!document.querySelector('#lesson button.primary').disabled");
        page.click("#lesson button.primary");
        page.until("it is measured", "document.querySelector('#lesson .outcome')?.textContent.length > 10");
        page.click("#lesson button.primary:not([hidden])");
    }
    page.until("the end", "document.querySelector('#save-json')");
    page.click("#save-json");
    page.until("the file", "window.saved");
    let saved: Value =
        serde_json::from_str(page.ask("window.saved").as_str().expect("a text")).expect("JSON");
    let answers = saved["answers"].as_array().expect("a list");
    assert_eq!(
        (answers.len(), &saved["variant"], &saved["language"]),
        (13, &Value::from(3), &Value::from("fr"))
    );
    for answer in answers {
        assert!(answer["measured"]["text"].as_str().expect("a text").len() > 10, "{answer}");
        assert!(!answer["predicted"].is_null(), "{answer}");
    }
    page.ask("(window.saved = null, document.querySelector('#save-html').click(), true)");
    page.until("the page", "window.saved");
    let html = page.ask("window.saved").as_str().expect("a text").to_owned();
    assert!(html.starts_with("<!doctype html>") && html.contains("Ada &lt;b&gt;L&lt;/b&gt;"));
    assert_eq!(html.matches("</script>").count(), 1, "what a student writes ends no script");
    page.assert_no_complaint();
}

/// Of two pictures that are chosen one after the other, the first is described later.
fn the_picture_that_was_chosen_last_stays(chrome: &Path) {
    let folder = Folder::of_classes(&[("benign", 2), ("melanoma", 1)]);
    let page = Page::open(chrome, &serve(folder.served()));
    let note = "document.querySelector('#picture-note').textContent";
    page.until("the first picture", &format!("{note}.includes('0.png')"));
    page.settle();
    page.ask("((real) => { window.fetch = (path, options) => { const reply = () => real(path, options); if (path !== '/api/sample' || JSON.parse(options.body).index !== 1) return reply(); return new Promise((go) => { window.release = go; }).then(reply).finally(() => { window.late = true; }); }; return true; })(window.fetch)");
    page.click("#another");
    page.click("#another");
    page.until("the third picture", &format!("{note}.includes('2.png')"));
    page.ask("(window.release(), true)");
    page.until("the second is described, too", "window.late");
    page.settle();
    assert!(page.text(note).contains("melanoma/2.png"), "{}", page.text(note));
    assert_eq!(page.text("document.querySelector('#index').value"), "3");
    // It was not generated, so nobody says that it shows no ruler.
    page.click("#changes input[value=none]");
    assert_eq!(page.text("document.querySelector('#change-note').textContent"), "The picture as it is.");
    page.settle();
    page.assert_no_complaint();
}

fn a_dropped_picture_comes_back_with_its_size(chrome: &Path) {
    let page = Page::open(chrome, &serve(shipped().expect("the classifiers that come with the program")));
    page.until("an answer", "document.querySelector('.percent')?.textContent.includes('%')");
    page.settle();
    let ratio = || page.text("document.querySelector('#stage').style.aspectRatio");
    for ([width, height], shown) in [([400, 200], "2 / 1"), ([200, 600], "1 / 3")] {
        page.ask(&format!("((canvas) => {{ Object.assign(canvas, {{ width: {width}, height: {height} }}).getContext('2d').fillRect(0, 0, 9, 9); canvas.toBlob((blob) => {{ const dropped = new DataTransfer(); dropped.items.add(new File([blob], 'dropped.png')); const input = document.querySelector('#file'); input.files = dropped.files; input.dispatchEvent(new Event('change')); }}); return true; }})(document.createElement('canvas'))"));
        let shape = format!("document.querySelector('#stage').style.aspectRatio === '{shown}'");
        page.until("the dropped picture", &shape);
        page.settle();
    }
    page.click("#kinds input[value=benign]");
    page.settle();
    assert_eq!(ratio(), "1 / 1", "a generated picture is a square");
    for (button, shown) in [("#undo", "1 / 3"), ("#undo", "2 / 1"), ("#undo", "1 / 1"), ("#redo", "2 / 1")] {
        page.click(button);
        page.settle();
        assert_eq!(ratio(), shown, "{button}");
    }
    page.assert_no_complaint();
}

/// Saliency fails, and the maps by integrated gradients are not completed at first.
fn no_map_is_shown_of_anything_else(chrome: &Path) {
    let page = Page::open(chrome, &serve(shipped().expect("the classifiers that come with the program")));
    page.until("a map", "document.querySelector('.caption')?.textContent.includes('ms')");
    page.settle();
    // Where there is no map, a card shows what the stage shows.
    let bare = "document.querySelector('.mapbox canvas').toDataURL() === document.querySelector('#picture').toDataURL()";
    let label = "document.querySelector('.mapbox canvas').getAttribute('aria-label')";
    let caption = "document.querySelector('.caption').textContent";
    let trouble = "document.querySelector('#trouble').textContent";
    assert!(page.ask(bare) == false && page.text(label).contains("Grad-CAM"), "{}", page.text(label));
    page.ask("((real) => { window.fetch = (path, options) => { const method = path === '/api/maps' ? JSON.parse(options.body).wanted.method : ''; if (method === 'saliency') return Promise.resolve(new Response('{\"error\": \"no memory\"}', { status: 400 })); const reply = real(path, options); if (method !== 'integrated_gradients' || window.whole) return reply; return reply.then((reply) => reply.text()).then((text) => new Response(text.slice(0, text.indexOf('\\n') + 1))); }; return true; })(window.fetch)");
    page.click("#methods input[value=saliency]");
    page.settle();
    assert_eq!(page.text(trouble), "no memory");
    assert!(page.ask(bare) == true && page.text(caption).is_empty(), "{}", page.text(caption));
    assert!(!page.text(label).contains("according to"), "{}", page.text(label));
    page.click("#another");
    page.settle();
    assert_eq!(page.ask(bare), true, "the other picture has no map either");
    page.click("#methods input[value=integrated_gradients]");
    page.settle();
    assert!(page.ask(bare) == true && page.text(trouble).contains("not completed"), "{}", page.text(trouble));
    // They are requested again as soon as the ruler moves.
    page.ask("(window.whole = true, document.querySelector('.ruler').focus(), true)");
    page.press("ArrowLeft");
    page.settle();
    assert!(page.ask(bare) == false && page.text(caption).contains("ms"), "{}", page.text(caption));
    assert!(page.text(label).contains("Integrated Gradients"), "{}", page.text(label));
    page.assert_no_complaint();
}

/// In the lesson a picture and an answer are refused once; in annotations a response ends without any map.
fn what_has_failed_is_requested_again(chrome: &Path) {
    let refuse = "((real) => { window.fetch = (path, options) => (path === window.refused ? Promise.resolve(new Response('{\"error\": \"no memory\"}', { status: 400 })) : path === window.cut ? Promise.resolve(new Response('')) : real(path, options)); return true; })(window.fetch)";
    let trouble = "!document.querySelector('#trouble').hidden";
    let page = Page::open(chrome, &serve(shipped().expect("the classifiers that come with the program")));
    page.until("an answer", "document.querySelector('.percent')?.textContent.includes('%')");
    page.settle();
    page.ask(refuse);
    let button = "#lesson button.primary:not([hidden])";
    let step = |number: u32| {
        page.until("the question", &format!("document.querySelector('#lesson .step')?.textContent.includes('{number} of 12') && document.querySelector('#lesson canvas').width > 300"));
    };
    let measured = "document.querySelector('#lesson .outcome')?.textContent.length > 10";
    page.click("#tab-lesson");
    page.ask("(window.refused = '/api/picture')");
    page.click(button);
    page.until("it fails", trouble);
    page.ask("(window.refused = '')");
    page.click(button);
    step(1);
    page.click("#lesson .options input");
    page.click(button);
    page.until("it is measured", measured);
    page.click(button);
    step(2);
    page.click("#lesson .options input");
    page.ask("(window.refused = '/api/answer')");
    page.click(button);
    page.until("it fails", trouble);
    page.ask("(window.refused = '')");
    page.click(button);
    page.until("it is measured", measured);
    page.assert_no_complaint();

    let folder = Folder::of_classes(&[("benign", 1), ("melanoma", 1)]);
    let page = Page::open(chrome, &serve(folder.served()));
    page.until("the page", "!document.querySelector('#tab-annotate').hidden");
    page.settle();
    page.ask(refuse);
    page.click("#tab-annotate");
    page.until("the picture", "document.querySelector('#annotate h2')?.textContent.includes('0.png')");
    page.ask("(document.querySelector('.sheet').focus(), window.cut = '/api/maps')");
    page.press("n");
    page.until("the melanoma", "document.querySelector('#annotate h2')?.textContent.includes('1.png')");
    page.press("m");
    page.until("it fails", trouble);
    page.ask("(window.cut = '')");
    page.press("m");
    page.until("the map's peak is suggested", "document.querySelector('.poly.suggested.region-0')");
    page.assert_no_complaint();
}

/// A long map is interrupted by a suggestion in another view, and completed afterwards.
fn no_view_leaves_a_sketch_in_another(chrome: &Path) {
    let folder = Folder::of_classes(&[("benign", 1), ("melanoma", 1)]);
    let page = Page::open(chrome, &serve(folder.served()));
    page.until("a map", "document.querySelector('.caption')?.textContent.includes('ms')");
    page.settle();
    page.ask("((set) => { set('#method', 'kernel_shap'); set('#steps', 1000); return true; })((id, value) => { const field = document.querySelector(id); field.value = value; field.dispatchEvent(new Event('change')); })");
    page.until("a sketch", "document.querySelector('.mapbox.coarse')");
    page.click("#tab-annotate");
    page.until("the picture", "document.querySelector('#annotate h2')?.textContent.includes('0.png')");
    page.ask("(document.querySelector('.sheet').focus(), true)");
    page.press("n");
    page.until("the melanoma", "document.querySelector('#annotate h2')?.textContent.includes('1.png')");
    page.press("m");
    page.until("the map's peak is suggested", "document.querySelector('.poly.suggested.region-0')");
    page.click("#tab-explore");
    page.settle();
    let captions =
        page.text("[...document.querySelectorAll('.caption')].map((one) => one.textContent).join()");
    assert_eq!(captions.matches("1000 samples").count(), 2, "{captions}");
    page.assert_no_complaint();
}
