//! Draws a figure and one chart of each kind from made-up numbers: `cargo run -p reglet-viz --example gallery -- FOLDER`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use image::{Rgb, RgbImage};
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reglet_viz::chart::{Interval, IntervalChart, SlopeChart, Strip, StripChart};
use reglet_viz::{ColorBar, Colormap, Figure, Opacity, Panel, Scale, Scaled, Svg, Theme, VizError, outline};

const SIDE: usize = 224;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name the folder to draw into")?);
    std::fs::create_dir_all(&folder)?;
    for (name, theme) in [("light", Theme::LIGHT), ("dark", Theme::DARK)] {
        save(&folder, &format!("figure-{name}"), || figure()?.draw(&theme))?;
        save(&folder, &format!("intervals-{name}"), || intervals().draw(&theme))?;
        save(&folder, &format!("slopes-{name}"), || slopes().draw(&theme))?;
        save(&folder, &format!("strips-{name}"), || strips().draw(&theme))?;
    }
    Ok(())
}

fn save(folder: &Path, name: &str, draw: impl Fn() -> Result<Svg, VizError>) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let svg = draw()?;
    let drawn = start.elapsed();
    let png = svg.to_png(2.0)?;
    println!(
        "{name}: {drawn:.1?} to draw, {:.1?} to paint, {} kB",
        start.elapsed() - drawn,
        png.len() / 1000
    );
    std::fs::write(folder.join(format!("{name}.svg")), svg.as_str())?;
    std::fs::write(folder.join(format!("{name}.png")), png)?;
    Ok(())
}

/// What `explain` shows: the picture, three maps, and each map over the picture.
fn figure() -> Result<Figure, VizError> {
    let lesion = |x: f32, y: f32| (((x - 96.0) / 46.0).powi(2) + ((y - 104.0) / 38.0).powi(2)).sqrt();
    let picture = skin(lesion);
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let near = |x: f32, y: f32| {
        (-(lesion(x, y) - 0.6).max(0.0) * 2.2).exp() + 0.8 * (-(x - 196.0).abs() / 9.0).exp()
    };
    let saliency = map(SIDE, |x, y| near(x, y) * rng.random::<f32>().powi(5) * 0.04);
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let gradients = map(SIDE, |x, y| near(x, y) * rng.random_range(-1.0_f32..1.0).powi(3) * 0.02);
    let grad_cam = map(7, |x, y| (near(x * 37.0, y * 37.0) - 0.1).max(0.0));

    let methods = [
        ("Saliency", saliency, Scale::Percentile(99.0), Colormap::Inferno, "0.07 s"),
        ("Integrated Gradients", gradients, Scale::Symmetric(99.0), Colormap::RdBu, "0.71 s · gap 0.4 %"),
        ("Grad-CAM", grad_cam, Scale::MinMax, Colormap::Inferno, "0.05 s · layer4.1.conv2"),
    ];
    let mut outlined = picture.clone();
    let mask: Vec<bool> = pixels(SIDE).map(|(x, y)| lesion(x, y) <= 1.0).collect();
    outline(&mut outlined, (SIDE as u32, SIDE as u32), &mask, Rgb([255, 255, 255]), 2)?;
    let said = [
        ("melanoma", 0.871),
        ("nevus", 0.094),
        ("seborrheic keratosis", 0.021),
        ("basal cell carcinoma", 0.009),
    ];

    let mut figure = Figure::new("ResNet18 says melanoma, 87.1 %")
        .subtitle("Where three methods see the reasons for that answer. The left column shows what the model saw and said.")
        .footer("ISIC_0000000.jpg · resnet18, ImageNet weights · target: melanoma · 50 steps, baseline 0 · CPU, 2 threads")
        .panel(Panel::picture("As the model saw it", outlined).caption("224 × 224, lesion outlined"));
    let mut overlays = Vec::new();
    for (name, map, scale, colormap, caption) in methods {
        let scaled = scale.apply(map.view())?;
        figure = figure.panel(shown(name, &scaled, colormap)?.caption(caption));
        let over = scaled.overlay(&picture, colormap, Opacity::ByValue(0.85))?;
        overlays.push(Panel::picture(format!("{name}, overlaid"), over));
    }
    figure = figure
        .panel(Panel::bars("What the model predicts", said.map(|(name, share)| (name.to_owned(), share))));
    Ok(overlays.into_iter().fold(figure, Figure::panel))
}

fn shown(name: &str, scaled: &Scaled, colormap: Colormap) -> Result<Panel, VizError> {
    // A coarse map is shown as smooth as it will be when laid over the picture.
    let black = RgbImage::new(SIDE as u32, SIDE as u32);
    let picture = scaled.overlay(&black, colormap, Opacity::Even(1.0))?;
    Ok(Panel::picture(name, picture).color_bar(ColorBar::of(scaled, colormap)))
}

fn intervals() -> IntervalChart {
    let interval = |series: &str, estimate: f64, low: f64, high: f64| Interval {
        series: series.into(),
        estimate,
        low,
        high,
    };
    IntervalChart::new("Where the model looks")
        .subtitle(
            "Density of each map in a region, against chance, with 95 % bootstrap intervals; 160 pictures",
        )
        .axis_label("share of the map ÷ share of the picture (logarithmic)")
        .reference(1.0, "chance")
        .logarithmic()
        .row("Saliency", [interval("lesion", 2.1, 1.8, 2.45), interval("ruler", 1.4, 1.1, 1.8)])
        .row("Integrated Gradients", [interval("lesion", 2.6, 2.2, 3.1), interval("ruler", 3.9, 2.9, 5.2)])
        .row("Grad-CAM", [interval("lesion", 1.2, 0.9, 1.6), interval("ruler", 5.8, 4.4, 7.7)])
        .row(
            "Occlusion, 16 × 16 window",
            [interval("lesion", 0.6, 0.32, 1.12), interval("ruler", 4.8, 3.0, 7.4)],
        )
}

fn slopes() -> SlopeChart {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut pairs = |count: usize, center: f64, rise: f64| -> Vec<(f64, f64)> {
        let mut draw = |middle: f64| (middle + rng.random_range(-0.25..0.25)).clamp(0.01, 0.99);
        (0..count).map(|_| (draw(center), draw(center + rise))).collect()
    };
    let (benign, malignant) = (pairs(60, 0.22, 0.5), pairs(50, 0.62, 0.2));
    SlopeChart::new("What putting a ruler in does", "without ruler", "ruler put in")
        .subtitle("Each line is one picture; the thick lines join the medians")
        .axis_label("probability of melanoma")
        .reference(0.5, "threshold")
        .pairs("nevus", benign)
        .pairs("melanoma", malignant)
}

fn strips() -> StripChart {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut strip = |series: &str, count: usize, center: f64| Strip {
        series: series.into(),
        values: (0..count)
            .map(|_| {
                (center + 0.3 * rng.random_range(-1.0_f64..1.0).powi(3) + rng.random_range(-0.1..0.1))
                    .clamp(0.0, 1.0)
            })
            .collect(),
    };
    StripChart::new("What it says, by class and by ruler")
        .subtitle("Each dot is one picture; the box contains the middle half")
        .axis_label("probability of melanoma")
        .reference(0.5, "threshold")
        .seed(11)
        .group("nevus", [strip("no ruler", 70, 0.2), strip("ruler", 12, 0.66)])
        .group("melanoma", [strip("no ruler", 24, 0.55), strip("ruler", 61, 0.88)])
}

/// Skin with a lesion, where `lesion` is below 1, and a ruler down the right side.
fn skin(lesion: impl Fn(f32, f32) -> f32) -> RgbImage {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    RgbImage::from_fn(SIDE as u32, SIDE as u32, |column, row| {
        let (x, y) = (column as f32, row as f32);
        let inside = (1.15 - lesion(x, y)).clamp(0.0, 0.3) / 0.3;
        let texture = rng.random_range(-6.0_f32..6.0) + 5.0 * (x * 0.21).sin() * (y * 0.17).cos();
        let tick = if row % 40 < 2 { 26.0 } else { 14.0 };
        let ruler = x > 190.0 && (x < 192.0 || (row % 8 < 2 && x < 190.0 + tick));
        let mix = |skin: f32, mole: f32| skin + (mole - skin) * inside + texture;
        let [red, green, blue] =
            if ruler { [40.0; 3] } else { [mix(222.0, 96.0), mix(176.0, 58.0), mix(152.0, 46.0)] };
        Rgb([red as u8, green as u8, blue as u8])
    })
}

fn map(side: usize, mut value: impl FnMut(f32, f32) -> f32) -> Array2<f32> {
    Array2::from_shape_fn((side, side), |(y, x)| value(x as f32, y as f32))
}

fn pixels(side: usize) -> impl Iterator<Item = (f32, f32)> {
    (0..side).flat_map(move |y| (0..side).map(move |x| (x as f32, y as f32)))
}
