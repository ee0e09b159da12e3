use image::RgbImage;

use super::ColorBar;
use crate::VizError;
use crate::canvas::{Anchor, Canvas, Face};
use crate::text::fixed;
use crate::theme::Role;

/// One cell of a [`Figure`](crate::Figure): a title, a picture or a few bars, and captions.
#[derive(Clone, Debug)]
pub struct Panel {
    title: String,
    captions: Vec<String>,
    content: Content,
    bar: Option<ColorBar>,
}

#[derive(Clone, Debug)]
enum Content {
    Picture(RgbImage),
    Bars(Vec<(String, f64)>),
}

const TITLE: Face = Face::semi_bold(13.5, Role::Ink);
const CAPTION: Face = Face::regular(11.5, Role::Muted);
const BAR_LABEL: Face = Face::regular(12.0, Role::Ink);
const TITLE_LINES: usize = 2;
const CAPTION_LINES: usize = 3;

/// Between title and picture, and between picture and what is below.
const GAP: f32 = 6.0;
/// From one bar to the next: its label, the bar, and air.
const BAR_PITCH: f32 = 34.0;
const BAR_THICKNESS: f32 = 7.0;
/// A picture is never drawn taller than this times its cell's width.
const TALLEST: f32 = 1.5;

impl Panel {
    /// A panel with a picture, drawn as wide as the cell.
    pub fn picture(title: impl Into<String>, picture: RgbImage) -> Self {
        Panel { title: title.into(), captions: Vec::new(), content: Content::Picture(picture), bar: None }
    }

    /// A panel with a horizontal bar for each label and its share, between 0 and 1: what a model says, for example.
    pub fn bars(title: impl Into<String>, bars: impl IntoIterator<Item = (String, f64)>) -> Self {
        let content = Content::Bars(bars.into_iter().collect());
        Panel { title: title.into(), captions: Vec::new(), content, bar: None }
    }

    /// Adds a line of small print under the picture; it is wrapped to three lines at most.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.captions.push(caption.into());
        self
    }

    /// Puts the key to the picture's colours under it.
    #[must_use]
    pub fn color_bar(mut self, bar: ColorBar) -> Self {
        self.bar = Some(bar);
        self
    }

    pub(super) fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        (x, y): (f32, f32),
        width: f32,
        row: &RowHeights,
    ) -> Result<(), VizError> {
        // Titles of unequal length are aligned at their last line, next to their pictures.
        let title = self.title_lines(width);
        let top = y + row.title - title.len() as f32 * TITLE.leading();
        canvas.lines((x, top), &title, TITLE, Anchor::Start);

        let top = y + row.title + GAP;
        match &self.content {
            Content::Picture(picture) => {
                let (w, h) = fit(picture, width);
                canvas.image((x + (width - w) / 2.0, top), (w, h), picture, &self.title)?;
            }
            Content::Bars(bars) => self.draw_bars(canvas, (x, top), width, bars)?,
        }
        let mut below = top + self.content_height(width) + GAP;
        if let Some(bar) = &self.bar {
            bar.draw(canvas, (x, below), width)?;
            below += ColorBar::height();
        }
        for line in self.caption_lines(width) {
            below = canvas.lines((x, below), &[line], CAPTION, Anchor::Start);
        }
        Ok(())
    }

    fn draw_bars(
        &self,
        canvas: &mut Canvas<'_>,
        (x, y): (f32, f32),
        width: f32,
        bars: &[(String, f64)],
    ) -> Result<(), VizError> {
        for (index, (label, share)) in bars.iter().enumerate() {
            if !(0.0..=1.0).contains(share) {
                let expected = "a bar's share lies between 0 and 1";
                return Err(VizError::Value { label: label.clone(), value: *share, expected });
            }
            let top = y + index as f32 * BAR_PITCH;
            let percent = format!("{} %", fixed(share * 100.0, 1));
            let baseline = top + BAR_LABEL.baseline();
            let room = width - BAR_LABEL.width(&percent) - 10.0;
            canvas.text((x, baseline), &BAR_LABEL.shorten(label, room), BAR_LABEL, Anchor::Start);
            let face = Face { role: Role::Muted, ..BAR_LABEL };
            canvas.text((x + width, baseline), &percent, face, Anchor::End);
            let bar = top + BAR_LABEL.leading() + 2.0;
            canvas.rect((x, bar), (width, BAR_THICKNESS), Role::Grid, 1.0);
            canvas.rect((x, bar), (width * *share as f32, BAR_THICKNESS), Role::Series(0), 1.0);
        }
        Ok(())
    }

    fn title_lines(&self, width: f32) -> Vec<String> {
        TITLE.wrap(&self.title, width, TITLE_LINES)
    }

    fn caption_lines(&self, width: f32) -> Vec<String> {
        self.captions.iter().flat_map(|caption| CAPTION.wrap(caption, width, CAPTION_LINES)).collect()
    }

    fn content_height(&self, width: f32) -> f32 {
        match &self.content {
            Content::Picture(picture) => fit(picture, width).1,
            Content::Bars(bars) => bars.len() as f32 * BAR_PITCH,
        }
    }

    fn height_below_title(&self, width: f32) -> f32 {
        let bar = if self.bar.is_some() { ColorBar::height() } else { 0.0 };
        let below = bar + self.caption_lines(width).len() as f32 * CAPTION.leading();
        self.content_height(width) + if below > 0.0 { GAP + below } else { 0.0 }
    }
}

/// How tall the panels of a row are at the most, above where their pictures begin and from there on.
pub(super) struct RowHeights {
    title: f32,
    rest: f32,
}

impl RowHeights {
    pub(super) fn of<'a>(panels: impl Iterator<Item = &'a Panel>, width: f32) -> Self {
        panels.fold(RowHeights { title: 0.0, rest: 0.0 }, |row, panel| RowHeights {
            title: row.title.max(panel.title_lines(width).len() as f32 * TITLE.leading()),
            rest: row.rest.max(panel.height_below_title(width)),
        })
    }

    pub(super) fn total(&self) -> f32 {
        self.title + GAP + self.rest
    }
}

/// The size at which a picture fills its cell's width without growing too tall.
fn fit(picture: &RgbImage, width: f32) -> (f32, f32) {
    let (columns, rows) = (picture.width().max(1) as f32, picture.height().max(1) as f32);
    let scale = (width / columns).min(TALLEST * width / rows);
    (columns * scale, rows * scale)
}
