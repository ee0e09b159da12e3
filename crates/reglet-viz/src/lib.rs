//! Drawing of attribution maps: colour maps, overlays, figures, and the charts of a report.
//!
//! ```
//! use image::RgbImage;
//! use ndarray::Array2;
//! use reglet_viz::{ColorBar, Colormap, Figure, Opacity, Panel, Scale, Theme};
//!
//! let picture = RgbImage::from_pixel(64, 64, image::Rgb([214, 170, 150]));
//! let map = Array2::from_shape_fn((7, 7), |(y, x)| -((y as f32 - 3.0).powi(2) + (x as f32 - 3.0).powi(2)));
//!
//! let scaled = Scale::Percentile(99.0).apply(map.view())?;
//! let figure = Figure::new("Where the model looks")
//!     .panel(Panel::picture("Picture", picture.clone()))
//!     .panel(
//!         Panel::picture("Grad-CAM", scaled.overlay(&picture, Colormap::Inferno, Opacity::Even(0.5))?)
//!             .caption("layer4.1.conv2")
//!             .color_bar(ColorBar::of(&scaled, Colormap::Inferno)),
//!     );
//! let drawing = figure.draw(&Theme::LIGHT)?;
//! let (svg, png) = (drawing.as_str(), drawing.to_png(2.0)?);
//! # assert!(svg.starts_with("<svg") && png.starts_with(b"\x89PNG"));
//! # Ok::<(), reglet_viz::VizError>(())
//! ```
//!
//! # From a map to a figure
//!
//! | step | by |
//! |---|---|
//! | normalises raw values to the range from 0 to 1, and reports anomalies | [`Scale::apply`], giving [`Scaled`] |
//! | converts normalised values to colours: alone, over a picture, or as a layer | [`Scaled::colorize`], [`Scaled::overlay`], [`Scaled::layer`], [`Colormap`] |
//! | outlines a region | [`outline()`], [`outline_layer`] |
//! | arranges pictures as the panels of a figure | [`Panel`], [`ColorBar`], [`Figure`] |
//! | draws charts of numbers | [`chart`] |
//! | renders a figure or chart as SVG or PNG | [`Svg`], in the colours of a [`Theme`] |
//!
//! # Design decisions
//!
//! * A map is an `ndarray` view of `f32`, height × width; a picture is an [`image::RgbImage`]. The crate does not depend on
//!   models or data sets, and reads and writes no files.
//! * Scaling is a separate step, because its results (the limits, a constant map, values that are not finite) should be
//!   shown to the reader, and because several pictures can share one scale.
//! * A drawing is made once, as SVG, and the PNG is rendered from that SVG with fonts that come with the crate. Both look
//!   the same on every machine.

mod canvas;
pub mod chart;
mod colormap;
mod error;
mod figure;
mod font;
mod outline;
mod overlay;
mod png;
mod resize;
mod scale;
mod svg;
mod text;
mod theme;

pub use colormap::Colormap;
pub use error::VizError;
pub use figure::{ColorBar, Figure, Panel};
pub use font::font_face_css;
pub use outline::{outline, outline_layer};
pub use overlay::Opacity;
pub use png::{encode_png, png_data_uri};
pub use resize::resize_map;
pub use scale::{Scale, Scaled};
pub use svg::Svg;
pub use theme::Theme;
