//! Connected parts of a mask. Pixels are connected by their sides.

use crate::Mask;

/// The part with the most pixels in the middle of the picture (half its width, half its height); `None` if no part reaches
/// there.
pub(crate) fn central(mask: &Mask) -> Option<Mask> {
    let (width, height) = mask.dimensions();
    let middle = |&&(x, y): &&(u32, u32)| {
        let within = |at: u32, side: u32| 4 * at + 2 >= side && 4 * at + 2 <= 3 * side;
        within(x, width) && within(y, height)
    };
    let in_middle = |part: &Vec<(u32, u32)>| part.iter().filter(middle).count();
    let part = parts(mask).into_iter().max_by_key(in_middle).filter(|part| in_middle(part) > 0)?;
    Some(of(&part, mask))
}

/// The mask with its holes: every pixel from which the border cannot be reached without crossing it.
pub(crate) fn filled(mask: &Mask) -> Mask {
    touching_border(&mask.complement()).complement()
}

/// The parts that reach the border of the picture.
pub(crate) fn touching_border(mask: &Mask) -> Mask {
    let touching: Vec<(u32, u32)> =
        parts(mask).into_iter().filter(|part| part.iter().any(|&at| mask.on_border(at))).flatten().collect();
    of(&touching, mask)
}

/// A mask that consists of some pixels of another mask.
fn of(pixels: &[(u32, u32)], mask: &Mask) -> Mask {
    let mut part = mask.clone();
    mask.iter().for_each(|(x, y)| part.set(x, y, false));
    pixels.iter().for_each(|&(x, y)| part.set(x, y, true));
    part
}

/// Each connected part's pixels, in the order of their first pixels.
pub(crate) fn parts(mask: &Mask) -> Vec<Vec<(u32, u32)>> {
    let Some(bounds) = mask.bounding_box() else { return Vec::new() };
    // Time and memory depend on the mask's bounding box, not on the picture.
    let whole = mask.part(bounds);
    let mut left = whole.clone();
    let mut parts = Vec::new();
    for start in whole.iter() {
        if !left.get(start.0, start.1) {
            continue;
        }
        left.set(start.0, start.1, false);
        let (mut part, mut next) = (vec![start], 0);
        while let Some(&(x, y)) = part.get(next) {
            next += 1;
            for (x, y) in [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)] {
                if left.get(x, y) {
                    left.set(x, y, false);
                    part.push((x, y));
                }
            }
        }
        part.iter_mut().for_each(|at| *at = (at.0 + bounds.x, at.1 + bounds.y));
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(rows: &[&str]) -> Mask {
        let bits = rows.iter().flat_map(|row| row.bytes().map(|byte| byte == b'#')).collect();
        Mask::new(rows[0].len() as u32, rows.len() as u32, bits).expect("rows of one length")
    }

    #[test]
    fn the_central_part_is_chosen_though_another_is_larger() {
        let both =
            mask(&["########", "#.......", "#..##...", "#..#....", "#.......", "#.......", "#......."]);
        let only =
            mask(&["........", "........", "...##...", "...#....", "........", "........", "........"]);
        assert_eq!(central(&both), Some(only));
        assert_eq!(central(&mask(&["##..", "....", "....", "...#"])), None);
    }

    #[test]
    fn holes_are_filled_and_bays_are_not() {
        let ring = mask(&[".....", ".###.", ".#.#.", ".###.", "....."]);
        let disc = mask(&[".....", ".###.", ".###.", ".###.", "....."]);
        assert_eq!(filled(&ring), disc);
        let bay = mask(&[".....", ".###.", ".#...", ".###.", "....."]);
        assert_eq!(filled(&bay), bay);
        assert!(touching_border(&ring).is_empty());
        assert_eq!(touching_border(&mask(&["#..", "..#", ".#."])).area(), 3);
    }
}
