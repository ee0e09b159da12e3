use super::axis::Axis;
use super::frame::{Frame, LABEL, PADDING, SMALL, TICK, check_range, check_within, framed, ranged};
use super::statistics::mean;
use crate::canvas::{Anchor, Canvas, Face, Stroke};
use crate::text::fixed;
use crate::theme::Role;
use crate::{Svg, Theme, VizError};

/// The effect of a change on each of many items: a thin line from the value before to the value after.
///
/// A thick line joins the means of each series, so it rises by the mean change; the means are printed beside it.
#[derive(Clone, Debug)]
pub struct SlopeChart {
    frame: Frame,
    columns: (String, String),
    pairs: Vec<(usize, f64, f64)>,
}

const HEIGHT: f32 = 260.0;
const MEAN: Face = Face::semi_bold(12.5, Role::Ink);
/// Between the axis's edge and a column: room for the means' labels.
const INSET: f32 = 56.0;

framed!(SlopeChart);
ranged!(SlopeChart);

impl SlopeChart {
    /// A chart without pairs, for probabilities, whose columns are called `before` and `after`.
    pub fn new(title: impl Into<String>, before: impl Into<String>, after: impl Into<String>) -> Self {
        SlopeChart {
            frame: Frame::new(title.into()),
            columns: (before.into(), after.into()),
            pairs: Vec::new(),
        }
    }

    /// Adds pairs of values, before and after, to the series of that name.
    #[must_use]
    pub fn pairs(mut self, series: &str, pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let series = self.frame.series(series);
        self.pairs.extend(pairs.into_iter().map(|(before, after)| (series, before, after)));
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// No pair at all, a range whose ends are out of order, a value outside it.
    pub fn draw(&self, theme: &Theme) -> Result<Svg, VizError> {
        self.check()?;
        let axis = Axis::linear(self.frame.range.0, self.frame.range.1, 5);
        let mut canvas = Canvas::new(theme);
        let mut top = self.frame.draw_heading(&mut canvas);
        let axis_label = SMALL.wrap(&self.frame.axis_label, self.frame.room(), 2);
        top = canvas.lines((PADDING, top), &axis_label, SMALL, Anchor::Start) + 10.0;
        let bottom = top + HEIGHT;
        let labels = axis.ticks.iter().map(|(_, label)| TICK.width(label)).fold(0.0, f32::max);
        let (left, right) = (PADDING + labels + 8.0, PADDING + self.frame.room());
        self.frame.draw_vertical_axis(&mut canvas, &axis, (left, right), (top, bottom));

        let (before_x, after_x) = (left + INSET, right - INSET);
        let y = |value: f64| bottom - axis.place(value) * HEIGHT;
        // Many lines are drawn fainter, so that their concentrations remain visible.
        let opacity = (2.4 / (self.pairs.len() as f32).sqrt()).clamp(0.1, 0.55);
        for &(series, before, after) in &self.pairs {
            let stroke = Stroke { opacity, ..Stroke::solid(Role::Series(series), 1.25) };
            canvas.line((before_x, y(before)), (after_x, y(after)), stroke);
            for end in [(before_x, y(before)), (after_x, y(after))] {
                canvas.circle(end, 2.25, Role::Series(series), (opacity * 1.5).min(1.0));
            }
        }

        let means = self.means();
        for &(series, before, after) in &means {
            let ends = [(before_x, y(before)), (after_x, y(after))];
            canvas.line(ends[0], ends[1], Stroke::solid(Role::Surface, 6.0));
            canvas.line(ends[0], ends[1], Stroke::solid(Role::Series(series), 3.25));
            for end in ends {
                canvas.circle(end, 6.5, Role::Surface, 1.0);
                canvas.circle(end, 5.0, Role::Series(series), 1.0);
            }
        }
        let before: Vec<_> = means.iter().map(|&(series, before, _)| (series, before, y(before))).collect();
        let after: Vec<_> = means.iter().map(|&(series, _, after)| (series, after, y(after))).collect();
        let written: Vec<f32> = after.iter().map(|(_, _, y)| *y).collect();
        self.draw_values(&mut canvas, before_x - 11.0, Anchor::End, before);
        self.draw_values(&mut canvas, after_x + 11.0, Anchor::Start, after);

        self.frame.draw_reference_name(&mut canvas, &axis, (left, right), (top, bottom), &written);

        let mut end = bottom;
        for (name, x) in [(&self.columns.0, before_x), (&self.columns.1, after_x)] {
            let name = LABEL.wrap(name, (2.0 * INSET).min(after_x - before_x - 8.0), 2);
            end = canvas.lines((x, bottom + 6.0), &name, LABEL, Anchor::Middle).max(end);
        }
        Ok(canvas.finish(self.frame.width(), (end + PADDING - 4.0).ceil(), &self.frame.title))
    }

    fn check(&self) -> Result<(), VizError> {
        check_range(self.frame.range)?;
        if self.pairs.is_empty() {
            return Err(VizError::Nothing {
                kind: "slope chart",
                title: self.frame.title.clone(),
                part: "pair",
            });
        }
        for &(series, before, after) in &self.pairs {
            let name = &self.frame.series_names()[series];
            check_within(name, before, self.frame.range)?;
            check_within(name, after, self.frame.range)?;
        }
        self.frame.reference.iter().try_for_each(|(value, name)| check_within(name, *value, self.frame.range))
    }

    /// Each series' mean before and after.
    fn means(&self) -> Vec<(usize, f64, f64)> {
        (0..self.frame.series_names().len())
            .filter_map(|series| {
                let own = || self.pairs.iter().filter(move |pair| pair.0 == series);
                let before: Vec<f64> = own().map(|pair| pair.1).collect();
                let after: Vec<f64> = own().map(|pair| pair.2).collect();
                Some((series, mean(&before)?, mean(&after)?))
            })
            .collect()
    }

    /// Writes values next to their marks, moved apart if they would overlap.
    fn draw_values(
        &self,
        canvas: &mut Canvas<'_>,
        x: f32,
        anchor: Anchor,
        mut values: Vec<(usize, f64, f32)>,
    ) {
        values.sort_by(|a, b| a.2.total_cmp(&b.2));
        let pitch = MEAN.leading();
        for index in 1..values.len() {
            let overlap = values[index - 1].2 + pitch - values[index].2;
            if overlap > 0.0 {
                values[index - 1].2 -= overlap / 2.0;
                values[index].2 += overlap / 2.0;
            }
        }
        for (series, value, y) in values {
            let face = Face { role: Role::Series(series), ..MEAN };
            canvas.text((x, y + face.half_height()), &self.frame.mark.write(&fixed(value, 2)), face, anchor);
        }
    }
}
