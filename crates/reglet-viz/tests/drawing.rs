//! Figures and charts: well-formed whatever they are told to say, inside their edges, and the same as SVG and PNG.

use image::{Rgb, RgbImage};
use ndarray::Array2;
use reglet_viz::chart::{Interval, IntervalChart, SlopeChart, Strip, StripChart};
use reglet_viz::{ColorBar, Colormap, Figure, Panel, Scale, Svg, Theme, VizError, font_face_css};

/// Titles that break a careless drawing.
fn hostile() -> Vec<String> {
    vec![
        r#"<&"> ' </text><script>alert(1)</script> &amp; ]]>"#.to_owned(),
        "🩺 mélanome — 黒色腫 \u{202e}rtl\u{202c} 👩🏽‍⚕️".to_owned(),
        "W".repeat(300),
        "many words and more ".repeat(30),
        "control \0\u{1b}[31m \u{fffe} \t\n characters".to_owned(),
        String::new(),
    ]
}

fn figure(text: &str) -> Figure {
    let picture = RgbImage::from_pixel(30, 20, Rgb([200, 150, 120]));
    let map = Scale::MinMax.apply(Array2::zeros((2, 2)).view()).expect("a flat map can be scaled");
    Figure::new(text)
        .subtitle(text)
        .footer(text)
        .columns(2)
        .panel(Panel::picture(text, picture).caption(text).color_bar(ColorBar::of(&map, Colormap::Jet)))
        .blank()
        .section(text)
        .panel(Panel::bars(text, [(text.to_owned(), 0.25)]).caption(text))
}

fn intervals(text: &str, estimate: f64, low: f64, high: f64) -> IntervalChart {
    IntervalChart::new(text)
        .subtitle(text)
        .axis_label(text)
        .reference(1.0, text)
        .row(text, [Interval { series: text.to_owned(), estimate, low, high }])
}

fn slopes(text: &str, before: f64, after: f64) -> SlopeChart {
    SlopeChart::new(text, text, text)
        .subtitle(text)
        .axis_label(text)
        .reference(0.5, text)
        .pairs(text, [(before, after)])
}

fn strips(text: &str, values: &[f64]) -> StripChart {
    let strip = Strip { series: text.to_owned(), values: values.to_vec() };
    StripChart::new(text).subtitle(text).axis_label(text).reference(0.5, text).group(text, [strip])
}

/// One drawing of each kind, all saying `text`.
fn drawings(text: &str) -> Vec<Svg> {
    [
        figure(text).draw(&Theme::LIGHT),
        intervals(text, 2.0, 1.5, 3.0).draw(&Theme::LIGHT),
        slopes(text, 0.2, 0.9).width(320.0).draw(&Theme::DARK),
        strips(text, &[0.1, 0.5, 0.9]).draw(&Theme::DARK),
    ]
    .map(|drawing| drawing.expect("the numbers are fine"))
    .into()
}

fn decoded(png: &[u8]) -> RgbImage {
    image::load_from_memory(png).expect("the PNG can be read").into_rgb8()
}

#[test]
fn any_words_make_well_formed_xml_with_nothing_but_text_in_them() {
    for text in hostile() {
        for drawing in drawings(&text) {
            let document = roxmltree::Document::parse(drawing.as_str())
                .unwrap_or_else(|error| panic!("{error} in a drawing titled {text:?}"));
            let allowed = ["svg", "title", "rect", "line", "circle", "text", "image"];
            for element in document.descendants().filter(roxmltree::Node::is_element) {
                assert!(allowed.contains(&element.tag_name().name()), "{element:?} from {text:?}");
            }
        }
    }
}

#[test]
fn a_hostile_title_is_read_back_as_it_was() {
    let title = &hostile()[0];
    let svg = figure(title).draw(&Theme::LIGHT).expect("the numbers are fine");
    let document = roxmltree::Document::parse(svg.as_str()).expect("well-formed");
    let name = document.root_element().children().find(|child| child.has_tag_name("title"));
    assert_eq!(name.and_then(|name| name.text()), Some(title.as_str()));
}

/// No text may reach a drawing's edge. Edges are found in pixels, so that this does not trust our own measuring.
#[test]
fn nothing_is_clipped_however_long_it_is() {
    for text in hostile() {
        for drawing in drawings(&text) {
            let picture = decoded(&drawing.to_png(1.0).expect("a usual size"));
            let surface = *picture.get_pixel(0, 0);
            let (width, height) = picture.dimensions();
            let clean = |x: u32, y: u32| *picture.get_pixel(x, y) == surface;
            assert!((0..height).all(|y| clean(0, y) && clean(width - 1, y)), "left or right of {text:?}");
            assert!((0..width).all(|x| clean(x, 0) && clean(x, height - 1)), "above or below {text:?}");
        }
    }
}

#[test]
fn the_png_has_the_drawings_size_times_the_scale() {
    for drawing in drawings("Melanoma") {
        let (width, height) = drawing.size();
        for scale in [1.0, 1.5, 2.0] {
            let picture = decoded(&drawing.to_png(scale).expect("a usual size"));
            let expected = ((width * scale).round() as u32, (height * scale).round() as u32);
            assert_eq!(picture.dimensions(), expected);
        }
    }
}

#[test]
fn scales_that_give_no_picture_are_refused() {
    let drawing = intervals("Melanoma", 2.0, 1.0, 3.0).draw(&Theme::LIGHT).expect("the numbers are fine");
    for scale in [0.0, -1.0, 1e-6, 1e9, f32::NAN, f32::INFINITY] {
        assert!(matches!(drawing.to_png(scale), Err(VizError::Canvas { .. })), "{scale}");
    }
}

/// The painted pixels prove that the embedded picture, the theme's colours and the bundled font all arrive.
#[test]
fn pictures_colors_and_text_are_painted() {
    let color = Rgb([12, 200, 90]);
    let panel = |title: &str| Panel::picture(title, RgbImage::from_pixel(8, 8, color));
    let paint = |title: &str| {
        let svg = Figure::new("").panel(panel(title)).draw(&Theme::DARK).expect("a plain figure");
        decoded(&svg.to_png(1.0).expect("a usual size"))
    };
    let (without, with) = (paint(""), paint("Saliency"));
    assert_eq!(*with.get_pixel(0, 0), Theme::DARK.surface);
    let painted =
        |picture: &RgbImage, wanted: Rgb<u8>| picture.pixels().filter(|pixel| **pixel == wanted).count();
    assert!(painted(&with, color) >= 222 * 222, "the picture fills its cell");
    assert_eq!(painted(&without, Theme::DARK.ink), 0);
    assert!(painted(&with, Theme::DARK.ink) > 50, "the title's strokes are of the ink's colour");
}

#[test]
fn the_same_numbers_and_seed_give_the_same_bytes() {
    let draw = |seed: u64| {
        let chart = strips("Melanoma", &[0.2, 0.4, 0.4, 0.4]).seed(seed);
        chart.draw(&Theme::LIGHT).expect("the numbers are fine").to_string()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2), "another seed moves the dots");
}

#[test]
fn nothing_to_draw_is_said() {
    let empty = [
        Figure::new("empty").draw(&Theme::LIGHT),
        Figure::new("empty").blank().draw(&Theme::LIGHT),
        IntervalChart::new("empty").reference(1.0, "chance").draw(&Theme::LIGHT),
        IntervalChart::new("empty").row("no interval", []).draw(&Theme::LIGHT),
        SlopeChart::new("empty", "before", "after").draw(&Theme::LIGHT),
        strips("empty", &[]).draw(&Theme::LIGHT),
    ];
    for (index, drawing) in empty.into_iter().enumerate() {
        assert!(matches!(drawing, Err(VizError::Nothing { .. })), "number {index}");
    }
    let none = Figure::new("").panel(Panel::picture("no pixels", RgbImage::new(0, 5))).draw(&Theme::LIGHT);
    assert!(matches!(none, Err(VizError::EmptyPicture { .. })));
}

#[test]
fn numbers_that_cannot_be_drawn_are_refused() {
    let refused = |drawing: Result<Svg, VizError>| matches!(drawing, Err(VizError::Value { .. }));
    for bad in [f64::NAN, f64::INFINITY, -1.0e300] {
        assert!(refused(intervals("x", bad, bad, bad).draw(&Theme::LIGHT)), "{bad}");
        assert!(refused(slopes("x", 0.5, bad).draw(&Theme::LIGHT)), "{bad}");
        assert!(refused(strips("x", &[0.5, bad]).draw(&Theme::LIGHT)), "{bad}");
        let bars = Panel::bars("x", [("x".to_owned(), bad)]);
        assert!(refused(Figure::new("").panel(bars).draw(&Theme::LIGHT)), "{bad}");
    }
    assert!(
        refused(intervals("x", 0.5, 0.0, 1.0).logarithmic().draw(&Theme::LIGHT)),
        "zero on a logarithmic axis"
    );
    assert!(refused(slopes("x", 0.5, 1.5).draw(&Theme::LIGHT)), "a probability above 1");
    for (low, high) in [(1.0, 0.0), (0.5, 0.5), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(refused(strips("x", &[0.5]).range(low, high).draw(&Theme::LIGHT)), "{low} to {high}");
    }
    let reversed = intervals("x", 0.5, 0.6, 0.8).draw(&Theme::LIGHT);
    assert!(matches!(reversed, Err(VizError::Interval { .. })));
}

#[test]
fn extreme_numbers_still_make_a_chart() {
    for (estimate, low, high) in
        [(1.0, 1.0, 1.0), (1e-9, 1e-11, 1e11), (1e12, 1.0, 1e12), (0.999_999, 0.999, 1.0)]
    {
        for chart in [intervals("x", estimate, low, high), intervals("x", estimate, low, high).logarithmic()]
        {
            let svg = chart.draw(&Theme::LIGHT).expect("the numbers can be drawn");
            assert!(
                !svg.as_str().contains("NaN") && !svg.as_str().contains("inf"),
                "{estimate} in {low} to {high}"
            );
        }
    }
}

#[test]
fn a_section_begins_a_row_under_its_heading() {
    let picture = || Panel::picture("", RgbImage::from_pixel(4, 4, Rgb([9; 3])));
    let figure =
        Figure::new("x").columns(3).panel(picture()).section("More").panel(picture()).panel(picture());
    let svg = figure.draw(&Theme::LIGHT).expect("panels");
    let document = roxmltree::Document::parse(svg.as_str()).expect("well-formed");
    let number = |element: roxmltree::Node, name: &str| -> f32 {
        element.attribute(name).expect("placed").parse().expect("a number")
    };
    let images: Vec<(f32, f32)> = document
        .descendants()
        .filter(|element| element.has_tag_name("image"))
        .map(|image| (number(image, "x"), number(image, "y")))
        .collect();
    let heading = document.descendants().find(|element| element.text() == Some("More")).expect("a heading");
    let heading =
        number(heading.ancestors().find(|element| element.has_attribute("y")).expect("placed"), "y");
    assert_eq!((images[0].0, images[1].1), (images[1].0, images[2].1), "{images:?}");
    assert!(images[0].1 < heading && heading < images[1].1, "{heading} {images:?}");
}

#[test]
fn a_page_can_repaint_every_class_a_drawing_uses() {
    let css = Theme::DARK.stylesheet();
    for drawing in drawings("Melanoma") {
        let document = roxmltree::Document::parse(drawing.as_str()).expect("well-formed");
        let classes: Vec<_> =
            document.descendants().filter_map(|element| element.attribute("class")).collect();
        let classes: Vec<_> = classes.iter().flat_map(|list| list.split(' ')).collect();
        assert!(classes.len() > 3);
        for class in classes {
            assert!(css.contains(&format!(".{class}{{")), "{class}");
        }
    }
}

#[test]
fn the_bundled_fonts_are_there_for_a_page() {
    let css = font_face_css();
    assert_eq!(css.matches("@font-face").count(), 2);
    assert!(css.contains("font-weight:400") && css.contains("font-weight:600"));
    // 150 kB for each face, and a third more for base64.
    assert!(css.len() > 100_000 && css.len() < 400_000, "{} bytes", css.len());
}
