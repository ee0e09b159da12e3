//! The figure of an explanation.

use image::RgbImage;
use reglet_attribution::{Computed, Explanation, Method};
use reglet_viz::{ColorBar, Figure, Panel};

use super::explainer::{Explainer, Ranked};
use crate::Error;
use crate::drawing::{OPACITY, scaled};

/// The most panels that stand in a row.
const WIDEST: usize = 6;

/// The number of panels in a row if there are `panels` in all: all of them, or a number that makes the rows about equally
/// long.
fn columns(panels: usize) -> usize {
    panels.div_ceil(panels.div_ceil(WIDEST).max(1))
}

/// The picture with every method's map, and below each what the model says and that map over the picture. Many methods take
/// several such pairs of rows.
pub(super) fn figure(
    one: &Explainer,
    view: &RgbImage,
    found: &Explanation,
    top: &[Ranked],
    target: &Ranked,
) -> Result<Figure, Error> {
    let name = one.path.file_name().unwrap_or_default().to_string_lossy();
    let (width, height) = view.dimensions();
    let seen = Panel::picture("As the model sees it", view.clone()).caption(format!("{width}×{height}"));
    let bars = top.iter().map(|ranked| (ranked.label.clone(), ranked.probability));
    let mut pairs = vec![(seen, Panel::bars("What the model predicts", bars))];
    for (method, computed) in one.methods.iter().zip(&found.computed) {
        pairs.push(panels(one, view, method, computed, found)?);
    }
    let columns = columns(pairs.len());
    let mut figure =
        Figure::new(format!("{name}: {}", target.label)).subtitle(one.subtitle(target)).columns(columns);
    let mut pairs = pairs.into_iter().peekable();
    while pairs.peek().is_some() {
        let (upper, lower): (Vec<_>, Vec<_>) = pairs.by_ref().take(columns).unzip();
        let rest = columns - upper.len();
        for row in [upper, lower] {
            figure = row.into_iter().fold(figure, Figure::panel);
            figure = (0..rest).fold(figure, |figure, _| figure.blank());
        }
    }
    Ok(figure)
}

/// A method's map, and the same over the picture. Of a map that cannot be drawn it is said why.
fn panels(
    one: &Explainer,
    view: &RgbImage,
    method: &Method,
    computed: &Computed,
    found: &Explanation,
) -> Result<(Panel, Panel), Error> {
    let (title, reduction) = (method.title(), method.get().reduction());
    let map = computed.attribution.map(0, reduction)?;
    let overlaid = format!("{title}, overlaid");
    let (panel, below) = match scaled(map.view(), reduction, one.colormap) {
        Ok((scaled, colormap)) => {
            let bar = ColorBar::of(&scaled, colormap);
            (
                Panel::picture(title, scaled.colorize(colormap)).color_bar(bar),
                Panel::picture(overlaid, scaled.overlay(view, colormap, OPACITY)?),
            )
        }
        Err(Error::Viz(fault)) => {
            let nothing = RgbImage::from_pixel(view.width(), view.height(), image::Rgb([235; 3]));
            (
                Panel::picture(title, nothing).caption(format!("not drawn: {fault}")),
                Panel::picture(overlaid, view.clone()),
            )
        }
        Err(fault) => return Err(fault),
    };
    let panel = panel.caption(one.caption(method, computed, found));
    Ok(match computed.attribution.remark(0)? {
        Some(remark) => (panel.caption(remark.text()), below),
        None => (panel, below),
    })
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn rows_are_about_even() {
        assert_eq!([1, 2, 4, 6, 7, 8, 13, 34, 64].map(columns), [1, 2, 4, 6, 4, 4, 5, 6, 6]);
    }
}
