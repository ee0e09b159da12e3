//! The moving picture at the head of the README: a ruler is dragged into the page's picture and out again.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reglet_explore::shipped;
use serde_json::json;

use crate::support::{Mouse, Page, serve};

/// So large is the picture that is kept of the page.
const SIZE: (u32, u32) = (960, 600);

/// How many frames the way in has, and how many milliseconds each is shown.
const FRAMES: u32 = 12;
const SHOWN: u32 = 110;

/// How many milliseconds the ends of the way are shown.
const HELD: u32 = 1400;

/// The most bytes of the file.
const MOST: usize = 1 << 20;

/// Writes `docs/explore.webp`.
pub fn film(chrome: &Path) {
    let page = Page::sized(
        chrome,
        &serve(shipped().expect("the classifiers that come with the program")),
        (1180, 760),
    );
    page.scheme("light");
    page.until("an answer", "document.querySelector('.percent')?.textContent.includes('%')");
    page.ask("(document.querySelector('#ruler-row').style.visibility = 'hidden', true)");
    page.settle();
    let clip = page.ask("(() => { const b = document.querySelector('.work').getBoundingClientRect(); return [b.left - 12, b.top - 12, b.width + 24]; })()");
    let [left, top, width]: [f64; 3] = serde_json::from_value(clip).expect("a place");
    let scale = f64::from(SIZE.0) / width;
    let frame = || {
        page.until("rest", "!document.documentElement.hasAttribute('data-busy')");
        let height = f64::from(SIZE.1) / scale;
        let clip = json!({ "x": left, "y": top, "width": width, "height": height, "scale": scale });
        let how = json!({ "format": "webp", "quality": 60, "clip": clip, "captureBeyondViewport": true });
        let shot = page.call("Page.captureScreenshot", how);
        STANDARD.decode(shot["data"].as_str().expect("a text")).expect("base 64")
    };
    let from = page.ruler();
    let side = page.number("document.querySelector('#stage').getBoundingClientRect().height");
    // It begins all but out of the picture, comes in, and goes again.
    let at = |share: f64| [from[0], from[1] + side * (0.16 - 0.25 * share)];
    page.mouse(Mouse::Pressed, from);
    page.mouse(Mouse::Moved, at(0.0));
    page.settle();
    let mut frames = vec![(frame(), HELD)];
    for step in (1..=FRAMES).chain((0..FRAMES).rev()) {
        // Slowly at the ends, as a hand does.
        let share = 0.5 - 0.5 * (std::f64::consts::PI * f64::from(step) / f64::from(FRAMES)).cos();
        page.mouse(Mouse::Moved, at(share));
        std::thread::sleep(std::time::Duration::from_millis(260));
        frames.push((frame(), if step == FRAMES { HELD } else { SHOWN }));
    }
    page.mouse(Mouse::Released, at(0.0));
    let film = animated(SIZE, &frames);
    assert!(film.len() < MOST, "{} bytes are too many", film.len());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/explore.webp");
    fs::write(&path, &film).expect("it is written");
    println!("{}: {} frames, {} bytes", path.display(), frames.len(), film.len());
}

/// Frames that are WebP files of one size, each with the milliseconds that it is shown, as one animated WebP, which begins anew at its end
/// (<https://developers.google.com/speed/webp/docs/riff_container>).
fn animated((width, height): (u32, u32), frames: &[(Vec<u8>, u32)]) -> Vec<u8> {
    let three = |value: u32| value.to_le_bytes()[..3].to_vec();
    let chunk = |name: &[u8; 4], content: &[u8]| {
        let mut whole = name.to_vec();
        whole.extend((content.len() as u32).to_le_bytes());
        whole.extend(content);
        whole.extend(vec![0; content.len() % 2]);
        whole
    };
    let size = [three(width - 1), three(height - 1)].concat();
    // The flag of an animation; no colour behind the frames; again and again.
    let mut body = b"WEBP".to_vec();
    body.extend(chunk(b"VP8X", &[&[0b10, 0, 0, 0], size.as_slice()].concat()));
    body.extend(chunk(b"ANIM", &[0xff, 0xff, 0xff, 0xff, 0, 0]));
    for (frame, shown) in frames {
        let mut content = [vec![0; 6], size.clone(), three(*shown), vec![0b10]].concat();
        content.extend(picture(frame));
        body.extend(chunk(b"ANMF", &content));
    }
    chunk(b"RIFF", &body)
}

/// The chunk of a WebP file that holds its picture.
fn picture(file: &[u8]) -> &[u8] {
    assert!(file.starts_with(b"RIFF") && &file[8..12] == b"WEBP", "the browser gives WebP");
    let mut rest = &file[12..];
    while rest.len() >= 8 {
        let length = u32::from_le_bytes(rest[4..8].try_into().expect("four bytes")) as usize;
        let whole = 8 + length + length % 2;
        if [b"VP8 ", b"VP8L"].contains(&rest[..4].try_into().expect("four bytes")) {
            return &rest[..whole.min(rest.len())];
        }
        rest = &rest[whole..];
    }
    panic!("the file has no picture");
}
