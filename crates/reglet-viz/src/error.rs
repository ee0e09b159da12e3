use thiserror::Error;

/// The errors of maps, pictures and charts.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VizError {
    /// A colour map's name is not one of [`Colormap::ALL`](crate::Colormap::ALL).
    #[error("there is no colour map \"{name}\"; {}", suggestion(.nearest))]
    UnknownColormap {
        /// The given name.
        name: String,
        /// The real names closest to it, the closest first.
        nearest: Vec<&'static str>,
    },

    /// A map has no rows or no columns.
    #[error("a map of {width}×{height} values is empty; both sides must be at least 1")]
    EmptyMap {
        /// Columns of the map.
        width: usize,
        /// Rows of the map.
        height: usize,
    },

    /// A map holds only NaN and infinities.
    #[error(
        "none of the map's {count} values is finite, so it has no range to scale by; \
         look for NaN in the model's weights or input"
    )]
    NoFiniteValue {
        /// How many values the map holds.
        count: usize,
    },

    /// A scale's percentile does not lie in (0, 100].
    #[error("the percentile {percentile} of a scale must be greater than 0 and at most 100")]
    Percentile {
        /// The given percentile.
        percentile: f32,
    },

    /// A fixed scale's limits are not finite or not in order.
    #[error("a scale cannot run from {low} to {high}; give two finite numbers, the lower one first")]
    Limits {
        /// The lower limit as given.
        low: f32,
        /// The upper limit as given.
        high: f32,
    },

    /// An opacity does not lie in [0, 1].
    #[error("the opacity {opacity} of an overlay must lie between 0 and 1")]
    Opacity {
        /// The given opacity.
        opacity: f32,
    },

    /// A picture has no pixels.
    #[error("a picture of {width}×{height} pixels cannot be drawn; both sides must be at least 1")]
    EmptyPicture {
        /// Columns of the picture.
        width: u32,
        /// Rows of the picture.
        height: u32,
    },

    /// A mask and the picture it should be drawn on differ in size.
    #[error(
        "a mask of {}×{} pixels cannot be outlined on a picture of {}×{}; resize one of them first",
        mask.0, mask.1, picture.0, picture.1
    )]
    MaskSize {
        /// Width and height of the mask.
        mask: (u32, u32),
        /// Width and height of the picture.
        picture: (u32, u32),
    },

    /// A mask's bits do not fill its width and height.
    #[error("a mask of {width}×{height} pixels needs one value for each pixel, but {length} were given")]
    MaskLength {
        /// Columns the mask claims.
        width: u32,
        /// Rows the mask claims.
        height: u32,
        /// How many values came with it.
        length: usize,
    },

    /// A figure or chart has nothing in it.
    #[error("the {kind} \"{title}\" has nothing to draw; add at least one {part}")]
    Nothing {
        /// "figure", "interval chart" and so on.
        kind: &'static str,
        /// Its title.
        title: String,
        /// What is missing: "panel", "row" and so on.
        part: &'static str,
    },

    /// A number in a chart or figure is not finite, or lies outside what can be drawn there.
    #[error("\"{label}\" cannot be drawn at {value}; {expected}")]
    Value {
        /// The row, group or panel the number belongs to.
        label: String,
        /// The number.
        value: f64,
        /// What would be right, as a clause.
        expected: &'static str,
    },

    /// An interval's ends do not enclose its estimate.
    #[error("the interval from {low} to {high} of \"{label}\" does not contain its estimate, {estimate}")]
    Interval {
        /// The row the interval belongs to.
        label: String,
        /// The lower end.
        low: f64,
        /// The estimate.
        estimate: f64,
        /// The upper end.
        high: f64,
    },

    /// A drawing would have no pixels, or more than are reasonable, at the chosen scale.
    #[error(
        "drawing {width:.0}×{height:.0} units at a scale of {scale} would need a picture that is empty or \
         longer than {limit} pixels on a side; choose another scale"
    )]
    Canvas {
        /// Width of the drawing in CSS pixels.
        width: f32,
        /// Height of the drawing in CSS pixels.
        height: f32,
        /// Pixels for each CSS pixel.
        scale: f32,
        /// Longest side that is drawn, in pixels.
        limit: u32,
    },

    /// The drawing's SVG could not be read back to be painted.
    #[error("the drawing could not be rendered: {0}")]
    Render(#[from] resvg::usvg::Error),

    /// A picture could not be written as PNG.
    #[error("the picture could not be written as PNG: {0}")]
    Encode(#[from] image::ImageError),
}

fn suggestion(nearest: &[&str]) -> String {
    match nearest {
        [] => "see the documentation for the list of names".to_owned(),
        [one] => format!("did you mean \"{one}\"?"),
        [rest @ .., last] => format!("the nearest names are {} and {last}", rest.join(", ")),
    }
}
