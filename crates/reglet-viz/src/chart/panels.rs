use super::axis::Axis;
use super::frame::{Frame, PADDING, SMALL, TICK, check_range, check_within, framed, labelled, ranged};
use crate::canvas::{Anchor, Canvas, Face, Stroke};
use crate::theme::Role;
use crate::{Svg, Theme, VizError};

/// Small multiples: for each of several treatments, a square panel that plots the value of each item after the treatment
/// against its value before. Items on the diagonal have not changed.
#[derive(Clone, Debug)]
pub struct PanelChart {
    frame: Frame,
    panels: Vec<Panel>,
}

#[derive(Clone, Debug)]
struct Panel {
    name: String,
    dots: Vec<(usize, f64, f64)>,
}

const NAME: Face = Face::semi_bold(12.0, Role::Ink);
/// The smallest side of a panel.
const LEAST: f32 = 118.0;
const GAP: f32 = 18.0;
/// The share of a side that is left free at both ends, so that dots at the ends are whole.
const MARGIN: f64 = 0.04;
const DIAGONAL: Stroke = Stroke { role: Role::Line, width: 1.25, opacity: 1.0, dashed: true };

framed!(PanelChart);
ranged!(PanelChart);
labelled!(PanelChart);

impl PanelChart {
    /// A chart without panels, whose axes go from 0 to 1.
    pub fn new(title: impl Into<String>) -> Self {
        PanelChart { frame: Frame::new(title.into()), panels: Vec::new() }
    }

    /// Adds a panel: of each dot its series, and its value before and after.
    #[must_use]
    pub fn panel<'a>(
        mut self,
        name: impl Into<String>,
        dots: impl IntoIterator<Item = (&'a str, f64, f64)>,
    ) -> Self {
        let dots = dots.into_iter();
        let dots = dots.map(|(series, before, after)| (self.frame.series(series), before, after)).collect();
        self.panels.push(Panel { name: name.into(), dots });
        self
    }

    /// Draws the chart. A reference is a line across every panel at this value after.
    ///
    /// # Errors
    /// No panel at all, a range whose ends are out of order, a value outside it.
    pub fn draw(&self, theme: &Theme) -> Result<Svg, VizError> {
        self.check()?;
        let axis = Axis::linear(self.frame.range.0, self.frame.range.1, 3).padded(MARGIN);
        let mut canvas = Canvas::new(theme);
        let mut top = self.frame.draw_heading(&mut canvas);
        let label = SMALL.wrap(&self.frame.value_label, self.frame.room(), 2);
        top = canvas.lines((PADDING, top), &label, SMALL, Anchor::Start) + 6.0;

        let labels = axis.ticks.iter().map(|(_, label)| TICK.width(label)).fold(0.0, f32::max) + 8.0;
        let room = self.frame.room();
        let fitting = ((room - labels + GAP) / (LEAST + GAP)).floor().max(1.0) as usize;
        let rows = self.panels.len().div_ceil(fitting);
        // Rows of as equal length as possible.
        let columns = self.panels.len().div_ceil(rows);
        let side = (room - labels - GAP * (columns - 1) as f32) / columns as f32;
        let height = NAME.leading() + 4.0 + side + 4.0 + TICK.leading() + 10.0;
        for (place, panel) in self.panels.iter().enumerate() {
            let left = PADDING + labels + (place % columns) as f32 * (side + GAP);
            let upper = top + (place / columns) as f32 * height;
            let name = NAME.shorten(&panel.name, side);
            canvas.text((left, upper + NAME.baseline()), &name, NAME, Anchor::Start);
            let corner = (left, upper + NAME.leading() + 4.0);
            self.draw_panel(&mut canvas, panel, &axis, corner, side, place % columns == 0);
        }
        let below = top + rows as f32 * height - 4.0;
        let label = SMALL.wrap(&self.frame.axis_label, room - labels, 2);
        let end = canvas.lines((PADDING + labels, below), &label, SMALL, Anchor::Start);
        Ok(canvas.finish(self.frame.width(), (end + PADDING - 4.0).ceil(), &self.frame.title))
    }

    fn draw_panel(
        &self,
        canvas: &mut Canvas<'_>,
        panel: &Panel,
        axis: &Axis,
        (left, top): (f32, f32),
        side: f32,
        first: bool,
    ) {
        let x = |value: f64| left + axis.place(value) * side;
        let y = |value: f64| top + side - axis.place(value) * side;
        for (value, label) in &axis.ticks {
            canvas.line((x(*value), top), (x(*value), top + side), Stroke::solid(Role::Grid, 1.0));
            canvas.line((left, y(*value)), (left + side, y(*value)), Stroke::solid(Role::Grid, 1.0));
            let label = self.frame.mark.write(label);
            canvas.text((x(*value), top + side + 4.0 + TICK.baseline()), &label, TICK, Anchor::Middle);
            if first {
                canvas.text((left - 8.0, y(*value) + TICK.half_height()), &label, TICK, Anchor::End);
            }
        }
        let (low, high) = self.frame.range;
        canvas.line((x(low), y(low)), (x(high), y(high)), DIAGONAL);
        if let Some((value, name)) = &self.frame.reference {
            canvas.line((left, y(*value)), (left + side, y(*value)), Stroke::solid(Role::Line, 1.25));
            if first {
                let name = SMALL.shorten(name, side);
                canvas.text_over_marks((left + side, y(*value) - 4.0), &name, SMALL, Anchor::End);
            }
        }
        for &(series, before, after) in &panel.dots {
            canvas.circle((x(before), y(after)), 3.5, Role::Series(series), 0.7);
        }
        if panel.dots.is_empty() {
            canvas.text((left + side / 2.0, top + side / 2.0), "–", NAME, Anchor::Middle);
        }
    }

    fn check(&self) -> Result<(), VizError> {
        check_range(self.frame.range)?;
        if self.panels.is_empty() {
            return Err(VizError::Nothing {
                kind: "panel chart",
                title: self.frame.title.clone(),
                part: "panel",
            });
        }
        for panel in &self.panels {
            for &(_, before, after) in &panel.dots {
                check_within(&panel.name, before, self.frame.range)?;
                check_within(&panel.name, after, self.frame.range)?;
            }
        }
        self.frame.reference.iter().try_for_each(|(value, name)| check_within(name, *value, self.frame.range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_treatment_has_a_panel_and_each_thing_a_dot_in_it() {
        let dots = [("kept", 0.2, 0.1), ("kept", 0.9, 0.3), ("lost", 0.9, 0.0)];
        let chart = PanelChart::new("Corrected").panel("one", dots).panel("other", dots[..1].to_vec());
        let drawn = chart.reference(0.1, "asked for").draw(&Theme::LIGHT).expect("two panels");
        let text = drawn.as_str();
        // Four dots, and the legend's two.
        assert_eq!(text.matches("<circle").count(), 6, "{text}");
        assert!(text.contains(">one<") && text.contains(">other<") && text.contains("asked for"), "{text}");
    }

    #[test]
    fn series_have_the_order_in_which_they_are_named() {
        let chart = PanelChart::new("Corrected").panel("one", [("lost", 0.9, 0.0)]);
        let draw = |chart: &PanelChart| chart.draw(&Theme::LIGHT).expect("a panel").as_str().to_owned();
        let (as_met, named) = (
            draw(&chart),
            draw(&PanelChart::new("Corrected").series(["kept", "lost"]).panel("one", [("lost", 0.9, 0.0)])),
        );
        assert!(!as_met.contains(">kept<") && named.find(">kept<") < named.find(">lost<"), "{named}");
        let colour = |text: &str| text.rsplit("<circle").next().map(|dot| dot.to_owned());
        assert_ne!(colour(&as_met), colour(&named), "the second series has the second colour");
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let draw = |chart: PanelChart| chart.draw(&Theme::LIGHT).map_err(|error| error.to_string());
        let empty = draw(PanelChart::new("Empty")).expect_err("nothing to draw");
        assert!(empty.contains("Empty"), "{empty}");
        let outside = draw(PanelChart::new("Corrected").panel("one", [("", 0.5, 1.5)])).expect_err("above 1");
        assert!(outside.contains("one") && outside.contains("1.5"), "{outside}");
        assert!(draw(PanelChart::new("Corrected").panel("one", [("", f64::NAN, 0.5)])).is_err());
    }
}
