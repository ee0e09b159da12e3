use std::fmt::Write;

use image::Rgb;

use crate::svg::hex;

/// The colours of figures and charts.
///
/// Every element of a drawing carries its colour as an attribute, so that the file stands alone, and a class
/// such as `viz-fill-ink`. A page that shows drawings inline can therefore repaint them: see
/// [`stylesheet`](Theme::stylesheet).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Behind everything.
    pub surface: Rgb<u8>,
    /// Titles and labels.
    pub ink: Rgb<u8>,
    /// Captions, ticks and other text of the second rank.
    pub muted: Rgb<u8>,
    /// Axes and reference lines.
    pub line: Rgb<u8>,
    /// Grid lines and the backs of bars.
    pub grid: Rgb<u8>,
    /// The colours of series, used in this order and then from the start.
    pub series: [Rgb<u8>; 6],
}

impl Theme {
    /// Dark on white: for paper and most screens. The series are Okabe and Ito's palette, which stays apart
    /// in every common form of colour blindness, less its yellow, which is too faint on white.
    pub const LIGHT: Theme = Theme {
        surface: Rgb([255, 255, 255]),
        ink: Rgb([27, 31, 36]),
        muted: Rgb([92, 99, 107]),
        line: Rgb([150, 156, 163]),
        grid: Rgb([231, 234, 237]),
        series: [
            Rgb([0, 114, 178]),
            Rgb([213, 94, 0]),
            Rgb([0, 158, 115]),
            Rgb([204, 121, 167]),
            Rgb([230, 159, 0]),
            Rgb([86, 180, 233]),
        ],
    };

    /// Light on near black. The series keep their hues, the darkest of them made lighter.
    pub const DARK: Theme = Theme {
        surface: Rgb([22, 25, 29]),
        ink: Rgb([236, 239, 242]),
        muted: Rgb([160, 168, 177]),
        line: Rgb([104, 112, 121]),
        grid: Rgb([46, 51, 57]),
        series: [
            Rgb([86, 180, 233]),
            Rgb([240, 130, 50]),
            Rgb([38, 188, 145]),
            Rgb([222, 147, 190]),
            Rgb([230, 159, 0]),
            Rgb([120, 150, 240]),
        ],
    };

    /// CSS rules that paint every inline drawing of this crate in this theme, whatever it was drawn in. Put
    /// those of [`DARK`](Theme::DARK) inside `@media (prefers-color-scheme: dark)`.
    pub fn stylesheet(&self) -> String {
        let series = (0..self.series.len()).map(Role::Series);
        let roles = [Role::Surface, Role::Ink, Role::Muted, Role::Line, Role::Grid].into_iter().chain(series);
        let mut css = String::new();
        for role in roles {
            let (name, color) = (role.name(), hex(self.color(role)));
            // Writing to a String cannot fail.
            let _ = writeln!(css, ".viz-fill-{name}{{fill:{color}}}.viz-stroke-{name}{{stroke:{color}}}");
        }
        css
    }

    pub(crate) fn color(&self, role: Role) -> Rgb<u8> {
        match role {
            Role::Surface => self.surface,
            Role::Ink => self.ink,
            Role::Muted => self.muted,
            Role::Line => self.line,
            Role::Grid => self.grid,
            Role::Series(index) => self.series[index % self.series.len()],
        }
    }
}

impl Default for Theme {
    fn default() -> Self {
        Theme::LIGHT
    }
}

/// The role of an element's colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Surface,
    Ink,
    Muted,
    Line,
    Grid,
    Series(usize),
}

impl Role {
    pub(crate) fn name(self) -> String {
        match self {
            Role::Surface => "surface".to_owned(),
            Role::Ink => "ink".to_owned(),
            Role::Muted => "muted".to_owned(),
            Role::Line => "line".to_owned(),
            Role::Grid => "grid".to_owned(),
            Role::Series(index) => format!("series-{}", index % Theme::LIGHT.series.len() + 1),
        }
    }
}
