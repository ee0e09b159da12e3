use crate::VizError;
use crate::canvas::{Anchor, Canvas, Face, Stroke, bounded};
use crate::theme::Role;

use super::DecimalMark;
use super::axis::{Axis, LARGEST};

/// The common parts of all charts: texts, width, and the names of series.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) axis_label: String,
    pub(super) reference: Option<(f64, String)>,
    pub(super) mark: DecimalMark,
    /// The ends of the axis of values, and what it measures where the chart has another axis too.
    pub(super) range: (f64, f64),
    pub(super) value_label: String,
    width: f32,
    series: Vec<String>,
}

/// Defines the texts and the width of a chart with a field `frame`.
macro_rules! framed {
    ($chart:ident) => {
        impl $chart {
            /// A line or two under the title.
            #[must_use]
            pub fn subtitle(mut self, subtitle: impl Into<String>) -> Self {
                self.frame.subtitle = subtitle.into();
                self
            }

            /// What the axis measures, and in what unit.
            #[must_use]
            pub fn axis_label(mut self, label: impl Into<String>) -> Self {
                self.frame.axis_label = label.into();
                self
            }

            /// A reference value, drawn as a dashed line with its name, such as chance or a decision threshold.
            #[must_use]
            pub fn reference(mut self, value: f64, name: impl Into<String>) -> Self {
                self.frame.reference = Some((value, name.into()));
                self
            }

            /// The decimal mark; a point by default.
            #[must_use]
            pub fn decimal_mark(mut self, mark: crate::chart::DecimalMark) -> Self {
                self.frame.mark = mark;
                self
            }

            /// The chart's width in CSS pixels, between 320 and 2000.
            #[must_use]
            pub fn width(mut self, width: f32) -> Self {
                self.frame.set_width(width);
                self
            }
        }
    };
}
pub(super) use framed;

/// For a chart whose values are in a range.
macro_rules! ranged {
    ($chart:ident) => {
        impl $chart {
            /// The ends of the axis of values, 0 and 1 by default.
            #[must_use]
            pub fn range(mut self, low: f64, high: f64) -> Self {
                self.frame.range = (low, high);
                self
            }
        }
    };
}
pub(super) use ranged;

/// For a chart with two axes that measure, and with series.
macro_rules! labelled {
    ($chart:ident) => {
        impl $chart {
            /// What the vertical axis measures; `axis_label` names the horizontal one.
            #[must_use]
            pub fn value_label(mut self, label: impl Into<String>) -> Self {
                self.frame.value_label = label.into();
                self
            }

            /// Names series in the order of their colours and of the legend. A series that is not named here is added when
            /// it is first drawn.
            #[must_use]
            pub fn series<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
                for name in names {
                    self.frame.series(name);
                }
                self
            }
        }
    };
}
pub(super) use labelled;

pub(super) const PADDING: f32 = 16.0;
pub(super) const TICK: Face = Face::regular(11.0, Role::Muted);
pub(super) const LABEL: Face = Face::regular(12.5, Role::Ink);
pub(super) const SMALL: Face = Face::regular(11.0, Role::Muted);
const TITLE: Face = Face::semi_bold(15.0, Role::Ink);
const SUBTITLE: Face = Face::regular(12.0, Role::Muted);
const LEGEND: Face = Face::regular(12.0, Role::Ink);
const REFERENCE: Stroke = Stroke { role: Role::Line, width: 1.25, opacity: 1.0, dashed: true };

impl Frame {
    pub(super) fn new(title: String) -> Self {
        Frame {
            title,
            subtitle: String::new(),
            axis_label: String::new(),
            reference: None,
            mark: DecimalMark::Point,
            range: (0.0, 1.0),
            value_label: String::new(),
            width: 480.0,
            series: Vec::new(),
        }
    }

    pub(super) fn set_width(&mut self, width: f32) {
        self.width = bounded(width, 320.0, 2000.0);
    }

    pub(super) fn width(&self) -> f32 {
        self.width
    }

    /// Width between the paddings.
    pub(super) fn room(&self) -> f32 {
        self.width - 2.0 * PADDING
    }

    /// The number of the series called `name`, which is the next free one when it is new.
    pub(super) fn series(&mut self, name: &str) -> usize {
        self.series.iter().position(|known| known == name).unwrap_or_else(|| {
            self.series.push(name.to_owned());
            self.series.len() - 1
        })
    }

    pub(super) fn series_names(&self) -> &[String] {
        &self.series
    }

    /// Draws title, subtitle and legend, and returns where the plot may begin.
    pub(super) fn draw_heading(&self, canvas: &mut Canvas<'_>) -> f32 {
        let title = TITLE.wrap(&self.title, self.room(), 3);
        let subtitle = SUBTITLE.wrap(&self.subtitle, self.room(), 4);
        let mut y = canvas.lines((PADDING, PADDING - 3.0), &title, TITLE, Anchor::Start);
        y = canvas.lines((PADDING, y + 1.0), &subtitle, SUBTITLE, Anchor::Start);
        self.draw_legend(canvas, y + 8.0)
    }

    fn draw_legend(&self, canvas: &mut Canvas<'_>, top: f32) -> f32 {
        const MARK: f32 = 14.0;
        const BETWEEN: f32 = 18.0;
        let (mut x, mut y) = (PADDING, top);
        let named = self.series.iter().enumerate().filter(|(_, name)| !name.is_empty());
        for (index, name) in named {
            let name = LEGEND.shorten(name, self.room() - MARK);
            let width = MARK + LEGEND.width(&name);
            if x > PADDING && x + width > PADDING + self.room() {
                (x, y) = (PADDING, y + LEGEND.leading() + 2.0);
            }
            let baseline = y + LEGEND.baseline();
            canvas.circle((x + 4.5, baseline - LEGEND.half_height()), 4.5, Role::Series(index), 1.0);
            canvas.text((x + MARK, baseline), &name, LEGEND, Anchor::Start);
            x += width + BETWEEN;
        }
        if x > PADDING { y + LEGEND.leading() + 10.0 } else { y + 4.0 }
    }

    /// Draws a vertical axis over a plot from `left` to `right` and `top` to `bottom`: grid lines with labels to their
    /// left, and the reference line.
    pub(super) fn draw_vertical_axis(
        &self,
        canvas: &mut Canvas<'_>,
        axis: &Axis,
        (left, right): (f32, f32),
        (top, bottom): (f32, f32),
    ) {
        let y = |value: f64| bottom - axis.place(value) * (bottom - top);
        for (value, label) in &axis.ticks {
            canvas.line((left, y(*value)), (right, y(*value)), Stroke::solid(Role::Grid, 1.0));
            let label = self.mark.write(label);
            canvas.text((left - 8.0, y(*value) + TICK.half_height()), &label, TICK, Anchor::End);
        }
        if let Some((value, _)) = &self.reference {
            canvas.line((left, y(*value)), (right, y(*value)), REFERENCE);
        }
    }

    /// Writes the reference's name at the end of its line in a plot with a vertical axis, over any marks there: above the
    /// line or, if one of the `values` next to the marks (in pixels) would overlap it, below.
    pub(super) fn draw_reference_name(
        &self,
        canvas: &mut Canvas<'_>,
        axis: &Axis,
        (left, right): (f32, f32),
        (top, bottom): (f32, f32),
        values: &[f32],
    ) {
        if let Some((value, name)) = &self.reference {
            let y = bottom - axis.place(*value) * (bottom - top);
            let name = SMALL.shorten(name, right - left);
            let taken = values.iter().any(|value| (y - SMALL.leading()..y).contains(value));
            let baseline = if taken { y + SMALL.baseline() + 1.0 } else { y - 5.0 };
            canvas.text_over_marks((right, baseline), &name, SMALL, Anchor::End);
        }
    }

    /// Draws a horizontal axis under a plot: grid lines, labels below, the axis's name, and the reference line with its
    /// name above. Returns where the axis ends.
    pub(super) fn draw_horizontal_axis(
        &self,
        canvas: &mut Canvas<'_>,
        axis: &Axis,
        (left, right): (f32, f32),
        (top, bottom): (f32, f32),
    ) -> f32 {
        let x = |value: f64| left + axis.place(value) * (right - left);
        for (value, label) in &axis.ticks {
            canvas.line((x(*value), top), (x(*value), bottom), Stroke::solid(Role::Grid, 1.0));
            let label = self.mark.write(label);
            canvas.text((x(*value), bottom + 4.0 + TICK.baseline()), &label, TICK, Anchor::Middle);
        }
        if let Some((value, name)) = &self.reference {
            canvas.line((x(*value), top - 3.0), (x(*value), bottom), REFERENCE);
            let name = SMALL.shorten(name, self.room());
            let middle = self.held(x(*value), SMALL.width(&name));
            canvas.text((middle, top - 7.0), &name, SMALL, Anchor::Middle);
        }
        let below = bottom + 4.0 + TICK.leading();
        let name = SMALL.wrap(&self.axis_label, self.room(), 2);
        let widest = name.iter().map(|line| SMALL.width(line)).fold(0.0, f32::max);
        canvas.lines((self.held((left + right) / 2.0, widest), below + 1.0), &name, SMALL, Anchor::Middle)
    }

    /// The place nearest to `middle` where a centred text of this width stays inside the chart.
    fn held(&self, middle: f32, width: f32) -> f32 {
        middle.max(PADDING + width / 2.0).min(PADDING + self.room() - width / 2.0)
    }
}

/// Checks that a number can be drawn on a linear axis.
pub(super) fn check(label: &str, value: f64) -> Result<(), VizError> {
    if value.is_finite() && value.abs() <= LARGEST {
        return Ok(());
    }
    Err(VizError::Value {
        label: label.to_owned(),
        value,
        expected: "a chart needs finite numbers below 10¹²",
    })
}

/// Checks that a number is on an axis with the given ends.
pub(super) fn check_within(label: &str, value: f64, (low, high): (f64, f64)) -> Result<(), VizError> {
    if value >= low && value <= high {
        return Ok(());
    }
    Err(VizError::Value { label: label.to_owned(), value, expected: "it lies outside the chart's range" })
}

/// Checks that a range given for an axis has two drawable ends in order.
pub(super) fn check_range((low, high): (f64, f64)) -> Result<(), VizError> {
    check("the range's low end", low)?;
    check("the range's high end", high)?;
    if low < high {
        return Ok(());
    }
    Err(VizError::Value {
        label: "the range's high end".to_owned(),
        value: high,
        expected: "it must lie above the low end",
    })
}
