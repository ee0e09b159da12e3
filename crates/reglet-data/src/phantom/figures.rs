//! The figures on a ruler, as strokes of a pen.

use super::plane::Point;

/// The strokes of one line of text: its characters are between y = 0 (top) and y = 1 (baseline), and the text's centre is at
/// x = 0. Unknown characters leave a gap.
pub(crate) fn strokes(text: &str) -> Vec<(Point, Point)> {
    let advance: f32 = text.chars().map(|c| width(c) + GAP).sum::<f32>() - GAP;
    let mut x = -0.5 * advance;
    let mut strokes = Vec::new();
    for character in text.chars() {
        for line in glyph(character) {
            let place = |(px, py): (f32, f32)| Point::new(x + px, py);
            strokes.extend(line.windows(2).map(|ends| (place(ends[0]), place(ends[1]))));
        }
        x += width(character) + GAP;
    }
    strokes
}

/// Space between characters, as a share of their height.
const GAP: f32 = 0.2;

fn width(character: char) -> f32 {
    match character {
        '1' => 0.25,
        'm' => 0.8,
        _ => 0.55,
    }
}

/// The pen's lines, each a sequence of points; digits are 0.55 wide and 1 high.
fn glyph(character: char) -> Vec<Vec<(f32, f32)>> {
    // Arcs go clockwise on the screen from the first angle to the second, in degrees from the right.
    let arc = |cx: f32, cy: f32, rx: f32, ry: f32, from: f32, to: f32| -> Vec<(f32, f32)> {
        (0..=10)
            .map(|step| {
                let angle = (from + (to - from) * step as f32 / 10.0).to_radians();
                (cx + rx * angle.cos(), cy + ry * angle.sin())
            })
            .collect()
    };
    match character {
        '0' => vec![arc(0.275, 0.5, 0.275, 0.5, 0.0, 360.0)],
        '1' => vec![vec![(0.0, 0.2), (0.2, 0.0), (0.2, 1.0)]],
        '2' => vec![arc(0.275, 0.28, 0.26, 0.28, 190.0, 395.0), vec![(0.49, 0.44), (0.0, 1.0), (0.55, 1.0)]],
        '3' => vec![arc(0.26, 0.25, 0.25, 0.25, 200.0, 450.0), arc(0.26, 0.74, 0.28, 0.26, 270.0, 520.0)],
        '4' => vec![vec![(0.42, 1.0), (0.42, 0.0), (0.0, 0.68), (0.55, 0.68)]],
        '5' => vec![vec![(0.5, 0.0), (0.08, 0.0), (0.04, 0.45)], arc(0.26, 0.67, 0.28, 0.33, 222.0, 505.0)],
        '6' => vec![arc(0.275, 0.68, 0.27, 0.32, 0.0, 360.0), vec![(0.02, 0.62), (0.12, 0.28), (0.4, 0.0)]],
        '7' => vec![vec![(0.0, 0.0), (0.55, 0.0), (0.2, 1.0)]],
        '8' => vec![arc(0.275, 0.25, 0.23, 0.25, 0.0, 360.0), arc(0.275, 0.74, 0.275, 0.26, 0.0, 360.0)],
        '9' => vec![arc(0.275, 0.32, 0.27, 0.32, 0.0, 360.0), vec![(0.53, 0.38), (0.43, 0.72), (0.15, 1.0)]],
        'm' => vec![
            vec![(0.0, 1.0), (0.0, 0.45)],
            vec![(0.0, 0.62), (0.15, 0.45), (0.32, 0.5), (0.4, 0.65), (0.4, 1.0)],
            vec![(0.4, 0.62), (0.55, 0.45), (0.72, 0.5), (0.8, 0.65), (0.8, 1.0)],
        ],
        'c' => vec![arc(0.28, 0.72, 0.27, 0.28, 320.0, 40.0)],
        _ => Vec::new(),
    }
}
