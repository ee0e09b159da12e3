use crate::Mask;

/// Run lengths of a mask, alternately outside and inside, column by column from the top left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Runs {
    width: u32,
    height: u32,
    lengths: Vec<u32>,
}

impl Runs {
    /// Runs that cover a mask of this size exactly, or the error in them.
    pub(super) fn new(width: u32, height: u32, lengths: Vec<u32>) -> Result<Self, String> {
        let pixels = u64::from(width) * u64::from(height);
        let covered: u64 = lengths.iter().map(|&length| u64::from(length)).sum();
        if covered != pixels {
            return Err(format!(
                "its run lengths add up to {covered}, but its size {height}×{width} to {pixels} pixels"
            ));
        }
        Ok(Self { width, height, lengths })
    }

    /// As [`new`](Self::new), from COCO's compressed text.
    ///
    /// A run length is written as a signed number in groups of five bits, the lowest first; a sixth bit says
    /// that more groups follow, 48 is added to make it a printable character, and the fifth bit of the last
    /// group is the sign. From the fourth run on, the number is the difference from the run two before it.
    pub(super) fn from_text(width: u32, height: u32, text: &str) -> Result<Self, String> {
        const GROUP: u32 = 5;
        const MORE: u8 = 1 << GROUP;
        const SIGN: u8 = 1 << (GROUP - 1);
        let mut lengths: Vec<u32> = Vec::new();
        let (mut number, mut shift) = (0_i64, 0);
        for character in text.bytes() {
            let group = character.wrapping_sub(48);
            if group >= 2 * MORE || shift > 30 {
                return Err("its compressed run lengths are damaged".into());
            }
            number |= i64::from(group & (MORE - 1)) << shift;
            shift += GROUP;
            if group & MORE != 0 {
                continue;
            }
            if group & SIGN != 0 {
                number |= -1 << shift;
            }
            if lengths.len() > 2 {
                number += i64::from(lengths[lengths.len() - 2]);
            }
            let length = u32::try_from(number).map_err(|_| "it has a negative run length")?;
            lengths.push(length);
            (number, shift) = (0, 0);
        }
        if shift > 0 {
            return Err("its compressed run lengths end within a number".into());
        }
        Self::new(width, height, lengths)
    }

    /// Width and height of the mask that these are the runs of.
    pub(super) fn dimensions(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Whether there is a pixel inside.
    pub(super) fn draw_something(&self) -> bool {
        self.lengths.iter().skip(1).step_by(2).any(|&length| length > 0)
    }

    /// Adds the pixels to a mask of the same size.
    pub(super) fn fill(&self, mask: &mut Mask) {
        let mut at = 0_u64;
        for (index, &length) in self.lengths.iter().enumerate() {
            let end = at + u64::from(length);
            if index % 2 == 1 {
                for position in at..end {
                    let (x, y) = (position / u64::from(self.height), position % u64::from(self.height));
                    mask.set(x as u32, y as u32, true);
                }
            }
            at = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Runs;

    #[test]
    fn damage_is_noticed() {
        for text in ["", "\u{7f}", "P", "oooooooooooo", "0 0", "é"] {
            assert!(Runs::from_text(4, 3, text).is_err(), "{text:?}");
        }
        assert_eq!(Runs::from_text(4, 3, "57"), Runs::new(4, 3, vec![5, 7]));
        let complaint = Runs::new(4, 3, vec![5, 6]).expect_err("a pixel is missing");
        assert!(complaint.contains("add up to 11, but its size 3×4 to 12"), "{complaint}");
    }
}
