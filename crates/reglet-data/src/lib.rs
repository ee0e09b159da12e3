//! Pictures with labels and annotated regions: the samples that an audit uses.
//!
//! ```
//! use image::{Rgb, RgbImage};
//! use reglet_data::{Geometry, Mask};
//!
//! // A picture and the mask of its ruler, resized together to a model's input size.
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
//! # Overview
//!
//! | purpose | item |
//! |---|---|
//! | reads pictures as Pillow does, or says why a picture cannot be read | [`picture`] |
//! | the pixels of a region | [`Mask`] |
//! | resizes exactly as Pillow does | [`resize_rgb`], [`resize_gray`] |
//! | the resize and crop of a model's preprocessing, for pictures and masks | [`Geometry`] |
//! | a picture as a model sees it, and its edited versions | [`View`], [`Canvas`] |
//! | safe names for files derived from pictures | [`file_names`] |
//! | the interface of a data set | [`Dataset`], [`Sample`] |
//! | pictures listed in a CSV file | [`ManifestOptions`] |
//! | pictures in one folder for each class | [`FolderOptions`] |
//! | the ISIC challenges, HAM10000 and Hugging Face's imagefolder in their original layout | [`IsicOptions`], [`Ham10000Options`], [`ImageFolderOptions`] |
//! | regions from COCO annotations | [`coco`] |
//! | files in object stores and at web addresses, with the feature `stores` | an address such as `s3://bucket/17.jpg`, wherever a path is accepted |
//! | estimated masks of lesions, where none have been drawn | [`EstimatedLesions`] |
//! | generated pictures with known regions | [`phantom`], [`film`] |
//! | adds, removes or moves the ruler of a picture | [`edit`] |
//!
//! # Design decisions
//!
//! * A region that nobody has annotated differs from one that is known to be absent: the former has no mask, the latter an
//!   empty mask. Confusing them would turn missing annotations into evidence.
//! * Options are the contents of a config file and may be wrong. Opening them checks everything that can be checked without
//!   decoding a picture, and reports each problem with its file and line.
//! * Pictures are decoded on request and not cached.
//! * This crate does not depend on models, and prints nothing.

mod annotated;
pub mod coco;
mod dataset;
mod directory;
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
mod picture_names;
mod problem;
mod reader;
mod reduce;
mod refusal;
mod remote;
mod resize;
mod row;
#[cfg_attr(not(feature = "stores"), path = "stores/absent.rs")]
mod stores;
mod table;
mod view;

pub use dataset::{AHEAD, Dataset, Sample, SeenFile, in_turn};
pub use directory::pictures_in;
pub use drawn::DrawnOn;
pub use error::DataError;
pub use estimate::{EstimatedLesions, estimate_lesion};
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
