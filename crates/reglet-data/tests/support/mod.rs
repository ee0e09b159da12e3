//! Small data sets on disk.

use std::fs;
use std::path::{Path, PathBuf};

use image::{GrayImage, Luma, Rgb, RgbImage};
use reglet_data::{DataError, PictureFiles, Problem};
use tempfile::TempDir;

/// A folder that goes away with the value.
pub struct Disk(TempDir);

impl Disk {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn text(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path_with_folder(name);
        fs::write(&path, text).expect("it can be written");
        path
    }

    /// A picture of 6×4 pixels in one grey.
    pub fn picture(&self, name: &str, grey: u8) {
        let picture = RgbImage::from_pixel(6, 4, Rgb([grey; 3]));
        picture.save(self.path_with_folder(name)).expect("it can be written");
    }

    /// A mask of so many columns from the left, with this value inside.
    pub fn mask(&self, name: &str, (width, height): (u32, u32), columns: u32, inside: u8) {
        let mask = GrayImage::from_fn(width, height, |x, _| Luma([if x < columns { inside } else { 0 }]));
        mask.save(self.path_with_folder(name)).expect("it can be written");
    }

    fn path_with_folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("it can be made");
        path
    }
}

/// What is wrong with a data set that cannot be opened.
pub fn problems(opened: Result<PictureFiles, DataError>) -> Vec<Problem> {
    match opened {
        Err(DataError::Problems(problems)) => problems.0,
        other => panic!("problems were expected, not {other:?}"),
    }
}
