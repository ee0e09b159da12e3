use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::DecimalMark;
use super::axis::Axis;
use super::frame::{Frame, LABEL, PADDING, SMALL, TICK, check_range, check_within, framed, ranged};
use super::statistics::{median, quantile};
use crate::canvas::{Anchor, Canvas, Face, Stroke};
use crate::text::fixed;
use crate::theme::Role;
use crate::{Svg, Theme, VizError};

/// Every value of several groups as a dot, with each strip's median and middle half, and its median and count below.
///
/// A group holds a strip for each series: the classes as groups, say, and the ruler's presence as series.
#[derive(Clone, Debug)]
pub struct StripChart {
    frame: Frame,
    seed: u64,
    median: String,
    groups: Vec<Group>,
}

/// The values of one series within one group. There may be none.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    /// The series it belongs to, which gives it its colour; an empty name stays out of the legend.
    pub series: String,
    /// The values, in the units of the axis.
    pub values: Vec<f64>,
}

#[derive(Clone, Debug)]
struct Group {
    label: String,
    strips: Vec<(usize, Strip)>,
}

const HEIGHT: f32 = 240.0;
const MEDIAN: Face = Face::semi_bold(12.0, Role::Ink);
/// How small the words below the plot become before they are broken or run into each other.
const SMALLEST: f32 = 8.0;
/// Space between groups, in widths of a strip.
const GROUP_GAP: f32 = 0.5;
/// How far the dots, the box and the median's line reach to each side, in widths of a strip.
const JITTER: f32 = 0.28;
const BOX: f32 = 0.36;
const WIDEST_STRIP: f32 = 96.0;

framed!(StripChart);
ranged!(StripChart);

impl StripChart {
    /// A chart without groups, for probabilities.
    pub fn new(title: impl Into<String>) -> Self {
        StripChart {
            frame: Frame::new(title.into()),
            seed: 0,
            median: "median".to_owned(),
            groups: Vec::new(),
        }
    }

    /// The seed of the horizontal positions of the dots, which have no meaning but separate the dots.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What the row of medians is called: `median` by default.
    #[must_use]
    pub fn median_label(mut self, label: impl Into<String>) -> Self {
        self.median = label.into();
        self
    }

    /// Adds a group to the right of the last one.
    #[must_use]
    pub fn group(mut self, label: impl Into<String>, strips: impl IntoIterator<Item = Strip>) -> Self {
        let strips = strips.into_iter().map(|strip| (self.frame.series(&strip.series), strip)).collect();
        self.groups.push(Group { label: label.into(), strips });
        self
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// No value at all, a range whose ends are out of order, a value outside it.
    pub fn draw(&self, theme: &Theme) -> Result<Svg, VizError> {
        self.check()?;
        let axis = Axis::linear(self.frame.range.0, self.frame.range.1, 5);
        let mut canvas = Canvas::new(theme);
        let mut top = self.frame.draw_heading(&mut canvas);
        let axis_label = SMALL.wrap(&self.frame.axis_label, self.frame.room(), 2);
        top = canvas.lines((PADDING, top), &axis_label, SMALL, Anchor::Start) + 10.0;
        let bottom = top + HEIGHT;
        let labels =
            axis.ticks.iter().map(|(_, label)| TICK.width(label)).fold(SMALL.width(&self.median), f32::max);
        let (left, right) = (PADDING + labels + 8.0, PADDING + self.frame.room());
        self.frame.draw_vertical_axis(&mut canvas, &axis, (left, right), (top, bottom));

        let table = bottom + 6.0;
        for (line, name) in [self.median.as_str(), "n"].into_iter().enumerate() {
            let baseline = table + line as f32 * MEDIAN.leading() + MEDIAN.baseline();
            canvas.text((left - 8.0, baseline), name, SMALL, Anchor::End);
        }

        let filled = self.groups.iter().filter(|group| !group.strips.is_empty());
        let strips: usize = self.groups.iter().map(|group| group.strips.len()).sum();
        let gaps = filled.clone().count() as f32 * GROUP_GAP;
        let pitch = ((right - left) / (strips as f32 + gaps)).min(WIDEST_STRIP);
        let mut x = left + ((right - left) - pitch * (strips as f32 + gaps)) / 2.0;
        let face = fitting(MEDIAN, "0.00", pitch - 5.0);
        let words = self.groups.iter().flat_map(|group| {
            let room = (group.strips.len() as f32 + GROUP_GAP) * pitch - 6.0;
            group.label.split_whitespace().map(move |word| fitting(LABEL, word, room))
        });
        let label_face = words.fold(LABEL, |least, face| if face.size < least.size { face } else { least });
        let mut end = table;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        for group in filled {
            let width = (group.strips.len() as f32 + GROUP_GAP) * pitch;
            for (index, (series, strip)) in group.strips.iter().enumerate() {
                let middle = x + (index as f32 + (1.0 + GROUP_GAP) / 2.0) * pitch;
                let place = Place { middle, pitch, bottom, table, axis: &axis, face, mark: self.frame.mark };
                strip.draw(&mut canvas, *series, &place, &mut rng);
            }
            let label = label_face.wrap(&group.label, width - 6.0, 3);
            let label_top = table + 2.0 * MEDIAN.leading() + 8.0;
            canvas.line(
                (x + GROUP_GAP * pitch / 2.0, label_top - 3.0),
                (x + width - GROUP_GAP * pitch / 2.0, label_top - 3.0),
                Stroke::solid(Role::Line, 1.0),
            );
            end = canvas.lines((x + width / 2.0, label_top), &label, label_face, Anchor::Middle).max(end);
            x += width;
        }
        self.frame.draw_reference_name(&mut canvas, &axis, (left, right), (top, bottom), &[]);
        Ok(canvas.finish(self.frame.width(), (end + PADDING - 4.0).ceil(), &self.frame.title))
    }

    fn check(&self) -> Result<(), VizError> {
        check_range(self.frame.range)?;
        let strips =
            || self.groups.iter().flat_map(|group| group.strips.iter().map(move |(_, strip)| (group, strip)));
        if strips().all(|(_, strip)| strip.values.is_empty()) {
            return Err(VizError::Nothing {
                kind: "strip chart",
                title: self.frame.title.clone(),
                part: "value",
            });
        }
        for (group, strip) in strips() {
            for value in &strip.values {
                check_within(&group.label, *value, self.frame.range)?;
            }
        }
        self.frame.reference.iter().try_for_each(|(value, name)| check_within(name, *value, self.frame.range))
    }
}

/// Where a strip is drawn.
struct Place<'a> {
    middle: f32,
    pitch: f32,
    bottom: f32,
    /// Where the median and the count below the plot begin.
    table: f32,
    axis: &'a Axis,
    /// The size at which neighbouring medians leave each other room.
    face: Face,
    mark: DecimalMark,
}

/// `face`, made smaller where `word` would not fit `room`, but not smaller than can be read.
fn fitting(face: Face, word: &str, room: f32) -> Face {
    let size = (face.size * room / face.width(word)).clamp(SMALLEST, face.size);
    Face { size, ..face }
}

impl Strip {
    fn draw(&self, canvas: &mut Canvas<'_>, series: usize, place: &Place<'_>, rng: &mut ChaCha8Rng) {
        let &Place { middle, pitch, bottom, table, axis, face, mark } = place;
        let y = |value: f64| bottom - axis.place(value) * HEIGHT;
        let role = Role::Series(series);
        let reach = (BOX * pitch).min(30.0);
        if let Some((low, high)) = quantile(&self.values, 0.25).zip(quantile(&self.values, 0.75)) {
            canvas.rect((middle - reach, y(high)), (2.0 * reach, y(low) - y(high)), role, 0.16);
        }
        let opacity = (5.0 / (self.values.len() as f32).sqrt()).clamp(0.25, 0.75);
        for value in &self.values {
            let aside = rng.random_range(-1.0_f32..=1.0) * (JITTER * pitch).min(24.0);
            canvas.circle((middle + aside, y(*value)), 2.5, role, opacity);
        }
        let half = median(&self.values);
        if let Some(half) = half {
            let line = [(middle - reach, y(half)), (middle + reach, y(half))];
            canvas.line(line[0], line[1], Stroke::solid(Role::Surface, 5.0));
            canvas.line(line[0], line[1], Stroke::solid(Role::Ink, 2.5));
        }
        let half = half.map_or_else(|| "–".to_owned(), |half| mark.write(&fixed(half, 2)));
        let baseline = table + MEDIAN.baseline();
        canvas.text((middle, baseline), &half, face, Anchor::Middle);
        let count = self.values.len().to_string();
        canvas.text((middle, baseline + MEDIAN.leading()), &count, SMALL, Anchor::Middle);
    }
}
