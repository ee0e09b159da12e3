//! What a JPEG says of itself, without decoding it.

/// Whether the JPEG goes on to its end-of-image marker.
///
/// A decoder that meets the end of the file earlier can only make the rest up. In a JPEG (ITU-T T.81,
/// annex B) a marker is `FF` and a code. Segments carry their length; in the coded data after a scan's
/// header an `FF` that is no marker is followed by `00`. So the end cannot be mistaken for picture data,
/// nor the end of a thumbnail within a segment for the picture's.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(&[first, code]) = bytes.get(at..at + 2) {
        at += match (first, code) {
            (0xFF, 0xD9) => return true,
            // Stuffing, and the markers that stand alone.
            (0xFF, 0x00 | 0x01 | 0xD0..=0xD8) => 2,
            // A fill byte, or coded data.
            (0xFF, 0xFF) | (0x00..0xFF, _) => 1,
            (0xFF, _) => match bytes.get(at + 2..at + 4) {
                Some(&[high, low]) => 2 + usize::from(u16::from_be_bytes([high, low])),
                _ => return false,
            },
        };
    }
    false
}

/// What a frame header says (annex B.2.2).
#[cfg(feature = "dicom")]
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) precision: u8,
    pub(super) is_lossless: bool,
    pub(super) height: u16,
    pub(super) width: u16,
    pub(super) components: u8,
    /// Whether a decoder makes red, green and blue of brightness and colour differences: as Adobe's segment says, or as the
    /// components are called. `None` if nothing says it.
    pub(super) converts: Option<bool>,
}

/// The frame header before the first scan.
#[cfg(feature = "dicom")]
pub(super) fn frame(bytes: &[u8]) -> Option<Frame> {
    let (mut at, mut said) = (2, None);
    loop {
        let &[first, code, high, low] = bytes.get(at..)?.first_chunk()?;
        if first != 0xFF {
            return None;
        }
        match code {
            0xFF => at += 1,
            // SOF0 to SOF15 without the tables and extensions among them.
            0xC0..=0xCF if ![0xC4, 0xC8, 0xCC].contains(&code) => {
                let &[precision, above, below, left, right, components] =
                    bytes.get(at + 4..)?.first_chunk()?;
                let (height, width) = (u16::from_be_bytes([above, below]), u16::from_be_bytes([left, right]));
                let named = bytes.get(at + 10..).unwrap_or_default().iter().step_by(3);
                let named: Vec<u8> = named.take(usize::from(components)).copied().collect();
                let by_name = match *named.as_slice() {
                    [1, 2, 3] => Some(true),
                    [b'R', b'G', b'B'] => Some(false),
                    _ => None,
                };
                let converts = said.unwrap_or(by_name);
                let is_lossless = code == 0xC3;
                return Some(Frame { precision, is_lossless, height, width, components, converts });
            }
            0xEE if bytes.get(at + 4..)?.starts_with(b"Adobe") => {
                said = Some(match bytes.get(at + 15)? {
                    0 => Some(false),
                    1 => Some(true),
                    _ => None,
                });
                at += 2 + usize::from(u16::from_be_bytes([high, low]));
            }
            // The first scan or the end, without a frame header before it.
            0xD9 | 0xDA => return None,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn an_end_within_a_segment_is_not_the_end() {
        let thumbnail = [0xFF, 0xD8, 0xFF, 0xE1, 0, 4, 0xFF, 0xD9, 0xFF, 0xDA, 0, 2, 7, 8, 0xFF, 0, 9];
        assert!(!is_whole(&thumbnail));
        let mut whole = thumbnail.to_vec();
        whole.extend([0xFF, 0xFF, 0xD9]);
        assert!(is_whole(&whole));
    }

    #[test]
    fn no_prefix_of_a_whole_one_is_whole() {
        let whole = [0xFF, 0xD8, 0xFF, 0xE0, 0, 3, 1, 0xFF, 0xDA, 0, 2, 5, 0xFF, 0xD3, 6, 0xFF, 0xD9];
        assert!(is_whole(&whole));
        for end in 0..whole.len() {
            assert!(!is_whole(&whole[..end]), "the first {end} bytes");
        }
    }
}
