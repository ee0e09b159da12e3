use crate::Mask;

/// Adds to a mask the pixels whose centres lie inside a polygon.
///
/// Corners are in pixels from the top left corner of the top left pixel, whose centre is at (½, ½). Inside
/// is what a line from outside reaches after an odd number of edges, so that a polygon that crosses itself
/// has holes. What lies beyond the mask is left out.
pub(super) fn fill(mask: &mut Mask, corners: &[[f64; 2]]) {
    let (width, height) = mask.dimensions();
    let bounds = corners.iter().map(|corner| corner[1]);
    let (top, bottom) =
        bounds.fold((f64::INFINITY, f64::NEG_INFINITY), |(top, bottom), y| (top.min(y), bottom.max(y)));
    // Casts to an integer stop at its bounds, so that no corner is too far away.
    let rows = (top.floor() as u32)..(bottom.ceil() as u32).min(height);
    let mut crossings = Vec::new();
    for y in rows {
        let centre = f64::from(y) + 0.5;
        crossings.clear();
        let ends = corners.iter().skip(1).chain(corners.first());
        for (&[x0, y0], &[x1, y1]) in corners.iter().zip(ends) {
            // An edge owns its upper end and not its lower one: two edges that meet on the line cross it
            // once together, or twice, or not at all, as they should.
            if (y0 <= centre) != (y1 <= centre) {
                crossings.push(x0 + (centre - y0) / (y1 - y0) * (x1 - x0));
            }
        }
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            // The first pixel whose centre is not to the left of a crossing.
            let [start, end] = [pair[0], pair[1]].map(|x| ((x - 0.5).ceil() as u32).min(width));
            for x in start..end {
                mask.set(x, y, true);
            }
        }
    }
}
