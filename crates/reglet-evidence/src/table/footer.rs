//! Checks the metadata of a Parquet file before the library reads them.
//!
//! The library allocates memory for as many items as a file claims to have. A file of two kilobytes that claims two billion
//! columns would make it request gigabytes, and a program that does not get them is terminated. It also takes time for as many
//! booleans in a list as are claimed (its version 60 passes over them without reading any), so metadata that cannot be parsed here
//! are refused, instead of being left to the library.

/// The field of a file's metadata that lists its columns, and the field of a column that counts its children, by their
/// numbers in [Parquet's definition](https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift).
const SCHEMA: i64 = 2;
const CHILDREN: i64 = 5;

/// The maximum nesting of structures; Parquet's own are only a few levels deep.
const DEEPEST: usize = 16;

/// Whether no list in the metadata at the end of a file is longer than the metadata themselves, and no column claims more
/// children than there are columns. `false` if the metadata cannot be parsed, and `true` for a file that is too short to have
/// any; the library then reports the error.
pub(super) fn is_credible(file: &[u8]) -> bool {
    let Some(metadata) = metadata(file) else { return true };
    Reader { rest: metadata, believed: true }.check()
}

/// The bytes of the metadata; their length is stored before the last four bytes.
fn metadata(file: &[u8]) -> Option<&[u8]> {
    let (before, end) = file.split_last_chunk::<8>()?;
    let length = u32::from_le_bytes([end[0], end[1], end[2], end[3]]) as usize;
    before.len().checked_sub(length).map(|start| &before[start..])
}

/// Reads Thrift's compact protocol.
struct Reader<'a> {
    rest: &'a [u8],
    believed: bool,
}

/// The types of values that are distinguished here; types up to 2 have no bytes of their own in a structure.
const BYTE: u8 = 3;
const NUMBER: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCTURE: u8 = 12;

impl Reader<'_> {
    fn check(mut self) -> bool {
        let parsed = self.fields(0, &mut |reader, field, kind| match (field, kind) {
            (SCHEMA, LIST) => {
                let (count, _) = reader.list()?;
                for _ in 0..count {
                    reader.fields(1, &mut |reader, field, kind| match (field, kind) {
                        (CHILDREN, BYTE..=NUMBER) => {
                            let children = reader.signed()?;
                            reader.believed &= (0..=count as i64).contains(&children);
                            Some(())
                        }
                        _ => reader.skip(kind, 2),
                    })?;
                }
                Some(())
            }
            _ => reader.skip(kind, 1),
        });
        self.believed && parsed.is_some()
    }

    /// Passes each field of a structure, by number and type, to `read`, which reads its value. `None` if the bytes end.
    fn fields(&mut self, depth: usize, read: &mut dyn FnMut(&mut Self, i64, u8) -> Option<()>) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        let mut field = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            field = match head >> 4 {
                0 => self.signed()?,
                step => field.checked_add(i64::from(step))?,
            };
            read(self, field, head & 0x0f)?;
        }
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        match kind {
            1 | 2 => Some(()),
            BYTE => self.byte().map(|_| ()),
            4..=NUMBER => self.unsigned().map(|_| ()),
            DOUBLE => self.bytes(8),
            BINARY => {
                let length = self.unsigned()?;
                self.bytes(length)
            }
            LIST | SET => {
                let (count, kind) = self.list()?;
                (0..count).try_for_each(|_| self.within(kind, depth))
            }
            MAP => {
                let count = self.count()?;
                let kinds = if count == 0 { 0 } else { self.byte()? };
                (0..count).try_for_each(|_| {
                    self.within(kinds >> 4, depth)?;
                    self.within(kinds & 0x0f, depth)
                })
            }
            STRUCTURE => self.fields(depth + 1, &mut |reader, _, kind| reader.skip(kind, depth + 1)),
            _ => None,
        }
    }

    /// A value in a list or a map.
    fn within(&mut self, kind: u8, depth: usize) -> Option<()> {
        // Parquet's metadata have no lists of booleans, and the library does not read them as they are written.
        if depth >= DEEPEST || matches!(kind, 1 | 2) {
            return None;
        }
        self.skip(kind, depth + 1)
    }

    /// The length of a list and the type of its elements.
    fn list(&mut self) -> Option<(u64, u8)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.count()?,
            count => u64::from(count),
        };
        Some((count, head & 0x0f))
    }

    /// The number of values that follow; each takes at least one byte.
    fn count(&mut self) -> Option<u64> {
        let count = self.unsigned()?;
        if count > self.rest.len() as u64 {
            self.believed = false;
            return None;
        }
        Some(count)
    }

    fn bytes(&mut self, count: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Seven bits in each byte, the lowest first.
    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// The same with the sign in the lowest bit.
    fn signed(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that ends with these metadata.
    fn file(metadata: &[u8]) -> Vec<u8> {
        [b"PAR1", metadata, &(metadata.len() as u32).to_le_bytes(), b"PAR1"].concat()
    }

    #[test]
    fn counts_that_cannot_be_are_not_believed() {
        // The second field is a list of one structure, whose fifth field says how many are within it.
        let schema = |children: u8| file(&[0x29, 0x1c, 0x55, children, 0, 0]);
        assert!(is_credible(&schema(0)) && is_credible(&schema(2)), "none, and one");
        assert!(!is_credible(&schema(4)), "two, of one");
        assert!(!is_credible(&schema(1)), "less than none");
        assert!(!is_credible(&file(&[0x29, 0xfc, 0xff, 0xff, 0x03, 0])), "a list longer than the file");
        assert!(!is_credible(&file(&[0x19, 0xf5, 0x7f, 0])), "another list");
        for ended in [&[][..], &[0x29], &[0x28, 0x7f]] {
            assert!(!is_credible(&file(ended)), "they end too early: {ended:?}");
        }
        assert!(is_credible(b"PAR1"), "the library says that it is too short");
    }

    /// The library would count to two billion, and to as many again in each list within another.
    #[test]
    fn lists_of_booleans_are_refused() {
        // The second field is a list of two booleans; the third is one, alone.
        assert!(!is_credible(&file(&[0x29, 0x21, 1, 1, 0])));
        assert!(is_credible(&file(&[0x31, 0])));
        // A list of lists, of which the second claims 2³¹ − 1 booleans.
        let lists = [0x39, 0x29, 0x11, 1, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07, 0];
        assert!(!is_credible(&file(&lists)));
    }
}
