//! A picture as a model's input, and its changed versions without copies of the whole picture.

use image::RgbImage;

use crate::edit::Patch;
use crate::picture::{Picture, Pixels};
use crate::resize::{Part, Parted, Passes};
use crate::{Geometry, ResizeError};

/// A picture converted by a [`Geometry`] to a model's input, with the data that its changed versions share.
///
/// For a changed version, only the pixels that depend on the change are resized again. The result is bit-identical to
/// [`Geometry::apply`] of the whole changed picture, at a cost proportional to the number of changed pixels. In addition to
/// the picture itself, it stores the intermediate result between the two passes of the resize, which has one side of the
/// picture and one side of the result.
///
/// ```
/// use reglet_data::edit::{Change, EditOptions, Editor};
/// use reglet_data::phantom::{PhantomOptions, Phantoms};
/// use reglet_data::{Dataset, Geometry, View};
///
/// let data = Phantoms::new(PhantomOptions { count: 4, size: 96, ..PhantomOptions::default() })?;
/// let editor = Editor::new(&data, &EditOptions::default(), "ruler", "lesion", 1)?;
/// let (geometry, sample) = (Geometry::exact(40), data.sample(0)?);
/// let view = View::new(&sample.picture, geometry)?;
/// assert_eq!(*view.picture(), geometry.apply(&sample.picture)?);
/// let scene = editor.scene(&data, 0, &sample);
/// for change in Change::ALL {
///     let Some(placement) = scene.place(change, 0)? else { continue };
///     let Some(patch) = scene.patch(change, &placement)? else { continue };
///     assert_eq!(view.changed(&patch), geometry.apply(&patch.on(&sample.picture)?.picture)?);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct View<'a> {
    before: &'a RgbImage,
    geometry: Geometry,
    passes: Passes,
    /// After the first pass; `None` if that changes nothing.
    between: Option<Vec<u8>>,
    /// After both, before anything is cut off.
    resized: RgbImage,
    /// The same of the picture itself, where `before` is that picture made smaller.
    exact: Option<RgbImage>,
    seen: Picture,
}

impl<'a> View<'a> {
    /// Brings a picture to a model's size.
    ///
    /// # Errors
    /// Those of [`Geometry::apply`].
    pub fn new(picture: &'a impl Pixels, geometry: Geometry) -> Result<View<'a>, ResizeError> {
        let (whole, picture) = (picture, picture.rgb());
        geometry.output_size(picture.width(), picture.height())?;
        let to = geometry.resized_size(picture.width(), picture.height())?;
        let passes = Passes::new(picture.dimensions(), to, geometry.filter)?;
        let (between, resized) = both(&passes, picture, to)?;
        let seen = geometry.cut(&resized);
        let rest = geometry.rest_of(whole, &seen)?;
        let seen = Picture::with_rest(seen, rest);
        Ok(View { before: picture, geometry, passes, between, resized, exact: None, seen })
    }

    /// The same for changes that are made on `reduced`, which is `picture` reduced by the integer `factor`. The picture
    /// itself is shown to the model as by [`View::new`]; a changed version is the picture plus the effect of the change on
    /// the reduced one, so that nothing moves where nothing is changed.
    ///
    /// # Errors
    /// Those of [`Geometry::apply`].
    pub(crate) fn of_reduced(
        picture: &impl Pixels,
        reduced: &'a RgbImage,
        factor: u32,
        geometry: Geometry,
    ) -> Result<View<'a>, ResizeError> {
        let exact = View::new(picture, geometry)?;
        let picture = picture.rgb();
        let to = exact.resized.dimensions();
        let share = |side: u32| f64::from(side) / f64::from(factor.max(1));
        let span = (share(picture.width()), share(picture.height()));
        let passes = Passes::over(reduced.dimensions(), span, to, geometry.filter)?;
        let (between, resized) = both(&passes, reduced, to)?;
        let View { seen, resized: exact, .. } = exact;
        Ok(View { before: reduced, geometry, passes, between, resized, exact: Some(exact), seen })
    }

    /// The picture as the model's input.
    pub fn picture(&self) -> &Picture {
        &self.seen
    }

    /// The same, where nothing more is asked of it.
    pub fn into_picture(self) -> Picture {
        self.seen
    }

    /// The changed picture as the model's input. Pixels outside the picture are ignored. A change affects only the upper 8
    /// bits; the lower bits stay unchanged.
    pub fn changed(&self, patch: &Patch) -> Picture {
        let whole = self.before.as_raw();
        let width = self.before.width() as usize;
        let changed = Parted { whole, width, parts: patch.rows(self.before) };
        let parts = self.passes.first_of_parts::<3>(&changed);
        let whole = self.between.as_deref().unwrap_or(whole);
        let between = Parted { whole, width: self.passes.width_between(), parts };
        let mut seen = self.exact.as_ref().unwrap_or(&self.resized).clone();
        let width = seen.width() as usize;
        for Part { row, start, values } in self.passes.second_of_parts::<3>(&between) {
            let start = 3 * (row * width + start);
            let place = start..start + values.len();
            let out = &mut seen.as_flat_samples_mut().samples[place.clone()];
            if self.exact.is_none() {
                out.copy_from_slice(&values);
                continue;
            }
            for ((out, &now), &before) in out.iter_mut().zip(&values).zip(&self.resized.as_raw()[place]) {
                *out = (i16::from(*out) + i16::from(now) - i16::from(before)).clamp(0, 255) as u8;
            }
        }
        self.seen.with_rgb(self.geometry.cut(&seen))
    }

    /// The share of the pixels touched by a change that lies within the model's input, 0 to 1; 1 if it touches none.
    ///
    /// # Errors
    /// Those of [`Geometry::visible`].
    pub fn visible(&self, patch: &Patch) -> Result<f64, ResizeError> {
        self.geometry.visible_share(self.before.dimensions(), patch.places())
    }
}

/// The result of the first pass for a picture, if it changes anything, and the result of both passes.
fn both(
    passes: &Passes,
    picture: &RgbImage,
    to: (u32, u32),
) -> Result<(Option<Vec<u8>>, RgbImage), ResizeError> {
    let between = passes.first::<3>(picture.as_raw());
    let first = between.as_deref().unwrap_or(picture.as_raw());
    let resized = passes.second::<3>(first).unwrap_or_else(|| first.to_vec());
    let resized = RgbImage::from_raw(to.0, to.1, resized);
    Ok((between, resized.ok_or(ResizeError::TooLarge { width: to.0, height: to.1 })?))
}
