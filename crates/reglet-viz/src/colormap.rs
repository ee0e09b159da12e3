use std::fmt;
use std::str::FromStr;

use image::Rgb;

use crate::VizError;

/// A colour map: a table of 256 colours, the same bytes as matplotlib's map of that name.
///
/// The perceptually uniform maps (inferno, viridis, magma, plasma) are by Smith, van der Walt and Firing and in the public
/// domain (CC0); RdBu is Brewer's. [`Jet`](Colormap::Jet) is included for comparison with older papers: it shows bright
/// bands that are not in the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Colormap {
    /// Black over purple and orange to pale yellow.
    Inferno,
    /// Dark blue over green to yellow.
    Viridis,
    /// Black over purple to pale pink.
    Magma,
    /// Blue over pink to yellow.
    Plasma,
    /// The traditional rainbow: not uniform, and not suitable for colour-blind readers.
    Jet,
    /// Black to white.
    Gray,
    /// Blue over white to red, for signed maps: matplotlib's `RdBu_r`.
    RdBu,
}

const ENTRIES: usize = 256;
static TABLES: &[u8; 7 * ENTRIES * 3] = include_bytes!("../assets/colormaps.bin");

impl Colormap {
    /// Every colour map, in the order of their tables.
    pub const ALL: [Colormap; 7] = [
        Colormap::Inferno,
        Colormap::Viridis,
        Colormap::Magma,
        Colormap::Plasma,
        Colormap::Jet,
        Colormap::Gray,
        Colormap::RdBu,
    ];

    /// The name that [`FromStr`] reads: matplotlib's in small letters, and `rdbu` for `RdBu_r`.
    pub fn name(self) -> &'static str {
        match self {
            Colormap::Inferno => "inferno",
            Colormap::Viridis => "viridis",
            Colormap::Magma => "magma",
            Colormap::Plasma => "plasma",
            Colormap::Jet => "jet",
            Colormap::Gray => "gray",
            Colormap::RdBu => "rdbu",
        }
    }

    /// The colour at `place`, from 0 (the map's low end) to 1 (its high end).
    ///
    /// As in matplotlib the entry is `min(⌊256 · place⌋, 255)`. A place outside the range takes the nearest
    /// end, NaN the low one.
    pub fn color(self, place: f32) -> Rgb<u8> {
        // A cast from float to integer saturates and turns NaN into 0, which is what is wanted here.
        self.entry((place * ENTRIES as f32) as u8)
    }

    /// The table's entry `index`.
    pub fn entry(self, index: u8) -> Rgb<u8> {
        let at = (self as usize * ENTRIES + usize::from(index)) * 3;
        Rgb([TABLES[at], TABLES[at + 1], TABLES[at + 2]])
    }

    /// Whether the middle of the map stands for zero, as a map of positive and negative values needs.
    pub fn is_diverging(self) -> bool {
        self == Colormap::RdBu
    }
}

impl fmt::Display for Colormap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Colormap {
    type Err = VizError;

    /// Reads a name in any mixture of small and capital letters. `grey` and `RdBu_r` are understood too.
    ///
    /// # Errors
    /// [`VizError::UnknownColormap`] names the nearest real names.
    fn from_str(name: &str) -> Result<Self, VizError> {
        let wanted = name.trim().to_lowercase();
        let found = match wanted.as_str() {
            "grey" => Some(Colormap::Gray),
            "rdbu_r" => Some(Colormap::RdBu),
            other => Colormap::ALL.into_iter().find(|map| map.name() == other),
        };
        found.ok_or_else(|| VizError::UnknownColormap { name: name.to_owned(), nearest: nearest(&wanted) })
    }
}

/// The names that are similar enough to be typing errors; if there are none, all names.
fn nearest(wanted: &str) -> Vec<&'static str> {
    let mut ranked = Colormap::ALL.map(|map| (strsim::damerau_levenshtein(wanted, map.name()), map.name()));
    ranked.sort();
    let close: Vec<_> = ranked.iter().filter(|(distance, _)| *distance <= 2).map(|(_, name)| *name).collect();
    if close.is_empty() { ranked.map(|(_, name)| name).to_vec() } else { close }
}
