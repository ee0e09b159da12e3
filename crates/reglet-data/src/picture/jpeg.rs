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
