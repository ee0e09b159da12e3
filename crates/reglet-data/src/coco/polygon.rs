use std::ops::Range;

use crate::Mask;

/// Adds to a mask the pixels whose centres lie inside a polygon, as [`spans`] finds them.
pub(super) fn fill(mask: &mut Mask, corners: &[[f64; 2]]) {
    for (y, columns) in spans(corners, mask.dimensions()) {
        columns.for_each(|x| mask.set(x, y, true));
    }
}

/// The most steps that a polygon may take: one for each corner in each row.
const MAX_STEPS: u64 = 1 << 28;

/// The error of a polygon that would take too long to fill in a picture of this height.
pub(super) fn fault(corners: &[[f64; 2]], height: u32) -> Option<String> {
    let rows = rows(corners, height).len() as u64;
    (rows * corners.len() as u64 > MAX_STEPS).then(|| {
        let corners = corners.len();
        format!("a polygon of it has {corners} corners in {rows} rows, which takes too long to fill: write run lengths")
    })
}

/// The rows of a picture of this height that a polygon reaches.
fn rows(corners: &[[f64; 2]], height: u32) -> Range<u32> {
    let bounds = corners.iter().map(|corner| corner[1]);
    let (top, bottom) =
        bounds.fold((f64::INFINITY, f64::NEG_INFINITY), |(top, bottom), y| (top.min(y), bottom.max(y)));
    // Casts to an integer stop at its bounds, so that no corner is too far away.
    (top.floor() as u32)..(bottom.ceil() as u32).min(height)
}

/// Rows of pixels, each with its columns, whose centres lie inside a polygon.
///
/// Corners are in pixels from the top left corner of the top left pixel, whose centre is at (½, ½). A point is inside if a
/// line from outside crosses an odd number of edges to reach it (the even-odd rule), so a polygon that crosses itself has
/// holes. Parts beyond the picture, which has this width and height, are ignored.
pub(super) fn spans(
    corners: &[[f64; 2]],
    (width, height): (u32, u32),
) -> impl Iterator<Item = (u32, Range<u32>)> {
    let rows = rows(corners, height);
    rows.flat_map(move |y| {
        let centre = f64::from(y) + 0.5;
        let ends = corners.iter().skip(1).chain(corners.first());
        // An edge includes its upper end but not its lower one, so that two edges that meet on the line cross it the right
        // number of times together: never, once or twice.
        let crosses = |&(&[_, y0], &[_, y1]): &(&[f64; 2], &[f64; 2])| (y0 <= centre) != (y1 <= centre);
        let edges = corners.iter().zip(ends).filter(crosses);
        let crossing =
            |(&[x0, y0], &[x1, y1]): (&[f64; 2], &[f64; 2])| x0 + (centre - y0) / (y1 - y0) * (x1 - x0);
        let mut crossings: Vec<f64> = edges.map(crossing).collect();
        crossings.sort_by(f64::total_cmp);
        let pairs: Vec<[f64; 2]> = crossings.as_chunks().0.to_vec();
        // The first pixel whose centre is not to the left of a crossing.
        let column = move |x: f64| ((x - 0.5).ceil() as u32).min(width);
        pairs.into_iter().map(move |[from, to]| (y, column(from)..column(to)))
    })
    .filter(|(_, columns)| !columns.is_empty())
}
