mod colorbar;
mod panel;

pub use colorbar::ColorBar;
pub use panel::Panel;

use crate::canvas::{Anchor, Canvas, Face, bounded};
use crate::theme::Role;
use crate::{Svg, Theme, VizError};

/// Panels in a grid under a title, optionally divided into sections.
///
/// Columns are equally wide, and the pictures of a row begin at one height however long their titles are. Text that is too long is wrapped, then shortened with an ellipsis; nothing is clipped.
#[derive(Clone, Debug)]
pub struct Figure {
    title: String,
    subtitle: String,
    footer: String,
    columns: usize,
    cell: f32,
    sections: Vec<Section>,
}

#[derive(Clone, Debug, Default)]
struct Section {
    heading: String,
    cells: Vec<Option<Panel>>,
}

const TITLE: Face = Face::semi_bold(20.0, Role::Ink);
const SUBTITLE: Face = Face::regular(13.0, Role::Muted);
const HEADING: Face = Face::semi_bold(16.0, Role::Ink);
const FOOTER: Face = Face::regular(11.0, Role::Muted);
const MARGIN: f32 = 28.0;
const GUTTER: f32 = 20.0;
const ROW_GAP: f32 = 24.0;

impl Figure {
    /// A figure without panels, four to a row, each 224 CSS pixels wide.
    pub fn new(title: impl Into<String>) -> Self {
        Figure {
            title: title.into(),
            subtitle: String::new(),
            footer: String::new(),
            columns: 4,
            cell: 224.0,
            sections: vec![Section::default()],
        }
    }

    /// A line or two under the title.
    #[must_use]
    pub fn subtitle(mut self, subtitle: impl Into<String>) -> Self {
        self.subtitle = subtitle.into();
        self
    }

    /// Small print under the panels: how the figure was made.
    #[must_use]
    pub fn footer(mut self, footer: impl Into<String>) -> Self {
        self.footer = footer.into();
        self
    }

    /// How many panels stand in a row, between 1 and 64.
    #[must_use]
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns.clamp(1, 64);
        self
    }

    /// How wide a panel is, in CSS pixels, between 96 and 1024.
    #[must_use]
    pub fn cell_width(mut self, width: f32) -> Self {
        self.cell = bounded(width, 96.0, 1024.0);
        self
    }

    /// Begins a new row, under a heading.
    #[must_use]
    pub fn section(mut self, heading: impl Into<String>) -> Self {
        self.sections.push(Section { heading: heading.into(), cells: Vec::new() });
        self
    }

    /// Adds a panel to the right of the last one.
    #[must_use]
    pub fn panel(self, panel: Panel) -> Self {
        self.cell(Some(panel))
    }

    /// Leaves a place in the grid free.
    #[must_use]
    pub fn blank(self) -> Self {
        self.cell(None)
    }

    fn cell(mut self, cell: Option<Panel>) -> Self {
        if let Some(section) = self.sections.last_mut() {
            section.cells.push(cell);
        }
        self
    }

    /// Draws the figure.
    ///
    /// # Errors
    /// A figure without panels, a panel whose picture has no pixels or whose numbers cannot be drawn.
    pub fn draw(&self, theme: &Theme) -> Result<Svg, VizError> {
        let mut cells = self.sections.iter().flat_map(|section| &section.cells);
        if cells.all(Option::is_none) {
            return Err(VizError::Nothing { kind: "figure", title: self.title.clone(), part: "panel" });
        }
        let widest = self.sections.iter().map(|section| section.cells.len()).max();
        let columns = self.columns.min(widest.unwrap_or(1));
        let room = columns as f32 * (self.cell + GUTTER) - GUTTER;
        let mut canvas = Canvas::new(theme);

        let mut y =
            canvas.lines((MARGIN, MARGIN - 4.0), &TITLE.wrap(&self.title, room, 3), TITLE, Anchor::Start);
        let subtitle = SUBTITLE.wrap(&self.subtitle, room, 4);
        y = canvas.lines((MARGIN, y + 2.0), &subtitle, SUBTITLE, Anchor::Start) + 18.0;

        for section in &self.sections {
            let heading = HEADING.wrap(&section.heading, room, 2);
            if !heading.is_empty() {
                y = canvas.lines((MARGIN, y), &heading, HEADING, Anchor::Start) + 10.0;
            }
            for row in section.cells.chunks(columns) {
                let height = panel::RowHeights::of(row.iter().flatten(), self.cell);
                for (column, panel) in row.iter().enumerate() {
                    if let Some(panel) = panel {
                        let x = MARGIN + column as f32 * (self.cell + GUTTER);
                        panel.draw(&mut canvas, (x, y), self.cell, &height)?;
                    }
                }
                y += height.total() + ROW_GAP;
            }
        }
        y -= ROW_GAP;

        let footer = FOOTER.wrap(&self.footer, room, 6);
        if !footer.is_empty() {
            y += 20.0;
            canvas.rect((MARGIN, y), (room, 1.0), Role::Grid, 1.0);
            y = canvas.lines((MARGIN, y + 9.0), &footer, FOOTER, Anchor::Start);
        }
        Ok(canvas.finish(room + 2.0 * MARGIN, (y + MARGIN - 6.0).ceil(), &self.title))
    }
}
