use super::DecimalMark;
use super::axis::{Axis, LARGEST};
use super::frame::{Frame, LABEL, PADDING, SMALL, check, framed};
use crate::canvas::{Anchor, Canvas, Stroke};
use crate::text::{fixed, number};
use crate::theme::Role;
use crate::{Svg, Theme, VizError};

/// Labelled rows of estimates with their confidence intervals: a forest plot.
///
/// A row may contain several estimates, one below the other, in the colours of their series. The numbers are printed at the
/// right, so the chart also serves as a table.
#[derive(Clone, Debug)]
pub struct IntervalChart {
    frame: Frame,
    logarithmic: bool,
    rows: Vec<Row>,
}

/// An estimate and the ends of its interval, in the units of the axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// The series it belongs to, which gives it its colour; an empty name stays out of the legend.
    pub series: String,
    /// The estimate, between `low` and `high`.
    pub estimate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

#[derive(Clone, Debug)]
struct Row {
    label: String,
    intervals: Vec<(usize, Interval)>,
}

/// From one interval of a row to the next.
const PITCH: f32 = 19.0;
const ROW_PADDING: f32 = 6.0;
const LABEL_LINES: usize = 2;
const COLUMN_GAP: f32 = 12.0;

framed!(IntervalChart);

impl IntervalChart {
    /// A chart without rows on a linear axis.
    pub fn new(title: impl Into<String>) -> Self {
        IntervalChart { frame: Frame::new(title.into()), logarithmic: false, rows: Vec::new() }
    }

    /// Makes the axis logarithmic, as is appropriate for ratios. Every value must then be above zero.
    #[must_use]
    pub fn logarithmic(mut self) -> Self {
        self.logarithmic = true;
        self
    }

    /// Adds a row.
    #[must_use]
    pub fn row(mut self, label: impl Into<String>, intervals: impl IntoIterator<Item = Interval>) -> Self {
        let intervals =
            intervals.into_iter().map(|interval| (self.frame.series(&interval.series), interval)).collect();
        self.rows.push(Row { label: label.into(), intervals });
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// No interval at all, a number that is not finite (or not above zero on a logarithmic axis), an interval that does not
    /// contain its estimate.
    pub fn draw(&self, theme: &Theme) -> Result<Svg, VizError> {
        let (low, high) = self.extent()?;
        let room = self.frame.room();
        let labels: Vec<_> =
            self.rows.iter().map(|row| LABEL.wrap(&row.label, room * 0.32, LABEL_LINES)).collect();
        let figures: Vec<Vec<String>> = self.rows.iter().map(|row| row.figures(self.frame.mark)).collect();
        let left = PADDING + widest(labels.iter().flatten(), |line| LABEL.width(line)) + COLUMN_GAP;
        let right = PADDING + room - widest(figures.iter().flatten(), |text| SMALL.width(text)) - COLUMN_GAP;
        let wanted = ((right - left) / 42.0) as usize;
        let axis = if self.logarithmic {
            Axis::logarithmic(low, high, wanted)
        } else {
            Axis::linear(low, high, wanted)
        }
        .padded(0.04);

        let mut canvas = Canvas::new(theme);
        let heading = self.frame.draw_heading(&mut canvas);
        let top = if self.frame.reference.is_some() { heading + SMALL.leading() } else { heading };
        let bottom = top + self.rows.iter().map(Row::height).sum::<f32>();
        let end = self.frame.draw_horizontal_axis(&mut canvas, &axis, (left, right), (top, bottom));

        let x = |value: f64| left + axis.place(value) * (right - left);
        let mut y = top;
        for ((row, label), figures) in self.rows.iter().zip(&labels).zip(&figures) {
            canvas.line((PADDING, y), (PADDING + room, y), Stroke::solid(Role::Grid, 1.0));
            let middle = y + row.height() / 2.0;
            let label_top = middle - label.len() as f32 * LABEL.leading() / 2.0;
            canvas.lines((PADDING, label_top), label, LABEL, Anchor::Start);
            let first = middle - row.intervals.len().saturating_sub(1) as f32 * PITCH / 2.0;
            for (index, ((series, interval), figure)) in row.intervals.iter().zip(figures).enumerate() {
                let (y, role) = (first + index as f32 * PITCH, Role::Series(*series));
                canvas.line((x(interval.low), y), (x(interval.high), y), Stroke::solid(role, 2.0));
                for end in [interval.low, interval.high] {
                    canvas.line((x(end), y - 3.5), (x(end), y + 3.5), Stroke::solid(role, 2.0));
                }
                canvas.circle((x(interval.estimate), y), 4.75, role, 1.0);
                canvas.text((PADDING + room, y + SMALL.half_height()), figure, SMALL, Anchor::End);
            }
            y += row.height();
        }
        canvas.line((PADDING, bottom), (PADDING + room, bottom), Stroke::solid(Role::Line, 1.0));
        Ok(canvas.finish(self.frame.width(), (end + PADDING - 4.0).ceil(), &self.frame.title))
    }

    /// The lowest and the highest value to draw, all of them checked.
    fn extent(&self) -> Result<(f64, f64), VizError> {
        let reference = self.frame.reference.iter().map(|(value, name)| (name, *value));
        let ends = self.rows.iter().flat_map(|row| {
            row.intervals.iter().flat_map(|(_, interval)| {
                [interval.low, interval.estimate, interval.high].map(|value| (&row.label, value))
            })
        });
        let mut extent: Option<(f64, f64)> = None;
        for (label, value) in ends.chain(reference) {
            check(label, value)?;
            if self.logarithmic && value < LARGEST.recip() {
                let expected = "a logarithmic axis needs numbers above 10⁻¹²";
                return Err(VizError::Value { label: label.clone(), value, expected });
            }
            extent = Some(extent.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
        }
        for row in &self.rows {
            for (_, interval) in &row.intervals {
                let Interval { estimate, low, high, .. } = *interval;
                if !(low <= estimate && estimate <= high) {
                    return Err(VizError::Interval { label: row.label.clone(), low, estimate, high });
                }
            }
        }
        let filled = self.rows.iter().any(|row| !row.intervals.is_empty());
        extent.filter(|_| filled).ok_or_else(|| VizError::Nothing {
            kind: "interval chart",
            title: self.frame.title.clone(),
            part: "row with an interval",
        })
    }
}

impl Row {
    fn height(&self) -> f32 {
        let intervals = self.intervals.len() as f32 * PITCH;
        intervals.max(LABEL_LINES as f32 * LABEL.leading()) + 2.0 * ROW_PADDING
    }

    /// The text at the right of each interval.
    fn figures(&self, mark: DecimalMark) -> Vec<String> {
        self.intervals.iter().map(|(_, interval)| interval.figures(mark)).collect()
    }
}

impl Interval {
    /// The estimate and, in brackets, the ends, all with the decimals that suit the largest of them.
    fn figures(&self, mark: DecimalMark) -> String {
        let largest = self.low.abs().max(self.high.abs());
        let short = |value: f64| match largest.log10().floor() {
            power @ 0.0..6.0 => fixed(value, (2.0 - power).max(0.0) as usize),
            power @ -4.0..0.0 => fixed(value, (1.0 - power) as usize),
            _ => number(value, 3),
        };
        let [estimate, low, high] =
            [self.estimate, self.low, self.high].map(|value| mark.write(&short(value)));
        format!("{estimate} [{low}{}{high}]", mark.separator())
    }
}

fn widest<'a>(texts: impl Iterator<Item = &'a String>, width: impl Fn(&str) -> f32) -> f32 {
    texts.map(|text| width(text)).fold(0.0, f32::max)
}
