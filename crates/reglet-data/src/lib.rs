//! Pictures, what they show and where: the samples that an audit is made on.
//!
//! ```
//! use image::{Rgb, RgbImage};
//! use reglet_data::{Geometry, Mask};
//!
//! // A picture and its ruler, brought to a model's size together.
//! let picture = RgbImage::from_pixel(600, 450, Rgb([222, 170, 150]));
//! let ruler = Mask::from_fn(600, 450, |_, y| y >= 360)?;
//! let geometry = Geometry::torchvision();
//! let seen = geometry.apply(&picture)?;
//! let ruler = geometry.apply_mask(&ruler)?;
//! assert_eq!(seen.dimensions(), ruler.dimensions());
//! assert!((ruler.fraction() - 0.2).abs() < 0.05);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Map
//!
//! | what | where |
//! |---|---|
//! | reading a picture, as Pillow does, or saying why not | [`picture`] |
//! | a region's pixels | [`Mask`] |
//! | resizing, exactly as Pillow does | [`resize_rgb`], [`resize_gray`] |
//! | the geometry of a model's preprocessing, for pictures and masks | [`Geometry`] |
//! | a picture as a model sees it, and its changed versions | [`View`], [`Canvas`] |
//! | names for files that are made of pictures | [`file_names`] |
//! | what a data set is | [`Dataset`], [`Sample`] |
//! | pictures listed in a CSV file | [`ManifestOptions`] |
//! | pictures in a folder for each class | [`FolderOptions`] |
//! | the ISIC challenges, HAM10000 and Hugging Face's imagefolder as they come | [`IsicOptions`], [`Ham10000Options`], [`ImageFolderOptions`] |
//! | regions from COCO annotations | [`coco`] |
//! | files in object stores and behind web addresses, with the feature `stores` | wherever a path is taken: `s3://bucket/17.jpg` |
//! | lesions' masks where nobody has drawn any | [`EstimatedLesions`] |
//! | generated pictures, of which everything is known | [`phantom`], [`film`] |
//! | a picture with its ruler put in, taken away or moved | [`edit`] |
//!
//! # Choices
//!
//! * A region that nobody has annotated and one that is known to be absent are different things: the former
//!   has no mask, the latter an empty one. Confusing them turns missing work into evidence.
//! * Options are what a config file holds and may be wrong; opening them checks everything that can be
//!   checked without decoding a picture, and names every problem with its file and line.
//! * Pictures are decoded when asked for and not kept.
//! * This crate knows nothing of models, and prints nothing.

mod annotated;
pub mod coco;
mod dataset;
mod drawn;
pub mod edit;
mod error;
mod estimate;
mod files;
pub mod film;
mod folder;
mod further;
mod geometry;
mod ham10000;
mod identified;
mod imagefolder;
mod isic;
mod listing;
mod manifest;
mod mask;
mod names;
mod parts;
pub mod phantom;
pub mod picture;
mod picture_files;
mod problem;
mod reader;
mod reduce;
mod remote;
mod resize;
mod row;
#[cfg_attr(not(feature = "stores"), path = "stores/absent.rs")]
mod stores;
mod table;
mod view;

pub use dataset::{AHEAD, Dataset, Sample, SeenFile, in_turn};
pub use drawn::DrawnOn;
pub use error::DataError;
pub use estimate::{EstimatedLesions, estimate_lesion};
pub use files::pictures_in;
pub use folder::FolderOptions;
pub use geometry::{Geometry, Resize, Size};
pub use ham10000::Ham10000Options;
pub use imagefolder::ImageFolderOptions;
pub use isic::{IsicOptions, Split};
pub use manifest::ManifestOptions;
pub use mask::{BoundingBox, MAX_PIXELS, Mask, MaskError};
pub use names::file_names;
pub use picture_files::PictureFiles;
pub use problem::{Problem, ProblemKind, Problems};
pub use reduce::Canvas;
pub use remote::AddressFault;
pub use resize::{Filter, ResizeError, resize_gray, resize_rgb};
pub use view::View;
