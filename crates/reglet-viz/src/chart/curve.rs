use super::axis::Axis;
use super::frame::{Frame, PADDING, SMALL, TICK, check, check_within, framed, labelled, ranged};
use crate::canvas::{Anchor, Canvas, Stroke};
use crate::theme::Role;
use crate::{Svg, Theme, VizError};

/// One quantity as a function of another: dots for measurements, and a line for the trend.
#[derive(Clone, Debug)]
pub struct CurveChart {
    frame: Frame,
    curves: Vec<(usize, Curve)>,
}

#[derive(Clone, Debug)]
struct Curve {
    dots: Vec<(f64, f64)>,
    line: Vec<(f64, f64)>,
}

const HEIGHT: f32 = 230.0;
/// The share of the width left free at both ends, so that dots at the ends are whole.
const MARGIN: f64 = 0.03;

framed!(CurveChart);
ranged!(CurveChart);
labelled!(CurveChart);

impl CurveChart {
    /// A chart without curves, whose vertical axis goes from 0 to 1.
    pub fn new(title: impl Into<String>) -> Self {
        CurveChart { frame: Frame::new(title.into()), curves: Vec::new() }
    }

    /// Adds a series: a dot for each of `dots`, and a line through the points of `line` in the order given.
    #[must_use]
    pub fn curve(
        mut self,
        series: &str,
        dots: impl IntoIterator<Item = (f64, f64)>,
        line: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let curve = Curve { dots: dots.into_iter().collect(), line: line.into_iter().collect() };
        self.curves.push((self.frame.series(series), curve));
        self
    }

    /// Draws the chart. A reference is a vertical line.
    ///
    /// # Errors
    /// No point at all, a place that is not finite, a value outside the vertical axis.
    pub fn draw(&self, theme: &Theme) -> Result<Svg, VizError> {
        let (low, high) = self.check()?;
        let axis = Axis::linear(low, high, 6).padded(MARGIN);
        let values = Axis::linear(self.frame.range.0, self.frame.range.1, 5);
        let mut canvas = Canvas::new(theme);
        let mut top = self.frame.draw_heading(&mut canvas);
        let label = SMALL.wrap(&self.frame.value_label, self.frame.room(), 2);
        top = canvas.lines((PADDING, top), &label, SMALL, Anchor::Start) + 10.0;
        if self.frame.reference.is_some() {
            // Room for its name above the plot.
            top += SMALL.leading();
        }
        let bottom = top + HEIGHT;
        let labels = values.ticks.iter().map(|(_, label)| TICK.width(label)).fold(0.0, f32::max);
        let (left, right) = (PADDING + labels + 8.0, PADDING + self.frame.room());
        let mut plain = self.frame.clone();
        plain.reference = None;
        plain.draw_vertical_axis(&mut canvas, &values, (left, right), (top, bottom));
        let end = self.frame.draw_horizontal_axis(&mut canvas, &axis, (left, right), (top, bottom));

        let place =
            |(x, y): (f64, f64)| (left + axis.place(x) * (right - left), bottom - values.place(y) * HEIGHT);
        for (series, curve) in &self.curves {
            for ends in curve.line.windows(2) {
                canvas.line(place(ends[0]), place(ends[1]), Stroke::solid(Role::Series(*series), 2.0));
            }
        }
        for (series, curve) in &self.curves {
            for &dot in &curve.dots {
                canvas.circle(place(dot), 4.0, Role::Series(*series), 0.55);
            }
        }
        Ok(canvas.finish(self.frame.width(), (end + PADDING - 4.0).ceil(), &self.frame.title))
    }

    /// The ends of the horizontal axis.
    fn check(&self) -> Result<(f64, f64), VizError> {
        super::frame::check_range(self.frame.range)?;
        let points = || self.curves.iter().flat_map(|(_, curve)| curve.dots.iter().chain(&curve.line));
        if points().next().is_none() {
            return Err(VizError::Nothing {
                kind: "curve chart",
                title: self.frame.title.clone(),
                part: "point",
            });
        }
        for (series, curve) in &self.curves {
            let name = &self.frame.series_names()[*series];
            for &(x, y) in curve.dots.iter().chain(&curve.line) {
                check(name, x)?;
                check_within(name, y, self.frame.range)?;
            }
        }
        let reference = self.frame.reference.iter().map(|(value, _)| *value);
        if let Some((value, name)) = &self.frame.reference {
            check(name, *value)?;
        }
        let along = || points().map(|point| point.0).chain(reference.clone());
        Ok((along().fold(f64::INFINITY, f64::min), along().fold(f64::NEG_INFINITY, f64::max)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let draw = |chart: CurveChart| chart.draw(&Theme::LIGHT).map_err(|error| error.to_string());
        let empty = draw(CurveChart::new("Empty")).expect_err("nothing to draw");
        assert!(empty.contains("Empty"), "{empty}");
        let outside = draw(CurveChart::new("Rates").curve("found", [(0.1, 1.5)], [])).expect_err("above 1");
        assert!(outside.contains("found") && outside.contains("1.5"), "{outside}");
        let endless = draw(CurveChart::new("Rates").curve("found", [(f64::NAN, 0.5)], []));
        assert!(endless.is_err());
    }

    #[test]
    fn a_dot_and_a_line_for_each_point() {
        let dots = [(0.0, 0.0), (0.2, 0.5), (0.4, 1.0)];
        let chart = CurveChart::new("Rates").curve("found", dots, dots).reference(0.1, "asked for");
        let drawn = chart.draw(&Theme::LIGHT).expect("three points");
        let text = drawn.as_str();
        // Three dots and the legend's.
        assert_eq!(text.matches("<circle").count(), 4, "{text}");
        assert!(text.contains("asked for"), "{text}");
    }
}
