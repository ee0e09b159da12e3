//! Finds what Python would import to read a pickle, without building any of the pickle's objects.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

/// A name that the pickle imports from outside, to be called or to be an object's class.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Global<'a> {
    /// An attribute of a module.
    Named {
        /// The module, with dots.
        module: &'a str,
        /// The attribute, with dots if it is one of an attribute.
        name: &'a str,
    },
    /// An entry of `copyreg`'s registry of extensions, whose meaning only the program that wrote the pickle knows.
    Extension(u32),
    /// A name that is not written directly before its use, as every pickler writes it, and so cannot be determined.
    Hidden,
}

/// Reads the first pickle of `bytes`, calls `permit` with each global that it names, and returns the pickle's length in
/// bytes.
///
/// The opcodes are those of Python's `pickletools` up to protocol 5. No objects are built: the only values kept are short
/// texts, because `STACK_GLOBAL` takes its names from the stack. So the time is proportional to the length of the pickle,
/// and so is the memory, up to [`MOST_MEMOS`].
///
/// # Errors
/// The error that `permit` returns, or a clause that says how the pickle is malformed.
pub(super) fn walk(
    bytes: &[u8],
    permit: &mut dyn FnMut(&Global) -> Result<(), String>,
) -> Result<usize, String> {
    let mut walker = Walker { bytes, at: 0, top: [None, None], memo: HashMap::new() };
    while walker.step(permit)? {}
    Ok(walker.at)
}

/// The largest number of memoised values in a pickle; a state dict has a few for each tensor.
const MOST_MEMOS: usize = 1 << 20;

/// The length in bytes of the longest text that is kept; no module has a longer name.
const LONGEST_NAME: usize = 256;

type Text = Option<Rc<str>>;

struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The two topmost values of the stack, the top one last, where they are known to be texts.
    top: [Text; 2],
    memo: HashMap<u64, Text>,
}

impl<'a> Walker<'a> {
    /// Reads one opcode with its argument; returns `false` after the last.
    fn step(&mut self, permit: &mut dyn FnMut(&Global) -> Result<(), String>) -> Result<bool, String> {
        let opcode = self.take(1)?[0];
        // An opcode that is not handled separately leaves something other than a known text on top of the stack.
        let mut pushed = None;
        match opcode {
            b'.' => return Ok(false),
            // PROTO and FRAME do not change the stack.
            0x80 => return self.take(1).map(|_| true),
            0x95 => return self.take(8).map(|_| true),
            // PUT, BINPUT, LONG_BINPUT and MEMOIZE.
            b'p' => return self.index().and_then(|index| self.memoise(index)),
            b'q' => return self.length(1).and_then(|index| self.memoise(index)),
            b'r' => return self.length(4).and_then(|index| self.memoise(index)),
            0x94 => return self.memoise(self.memo.len() as u64),
            // GET, BINGET and LONG_BINGET.
            b'g' => pushed = self.index().map(|index| self.recall(index))?,
            b'h' => pushed = self.length(1).map(|index| self.recall(index))?,
            b'j' => pushed = self.length(4).map(|index| self.recall(index))?,
            // UNICODE, whose escapes are not needed for names; texts and Python 2's strings with their length.
            b'V' => pushed = name(self.line()?).filter(|text| !text.contains('\\')),
            0x8c | b'U' => pushed = name(self.counted(1)?),
            b'X' | b'T' => pushed = name(self.counted(4)?),
            0x8d => pushed = name(self.counted(8)?),
            // GLOBAL and INST, then STACK_GLOBAL, then EXT1, EXT2 and EXT4.
            b'c' | b'i' => {
                let [module, name] = [self.line()?, self.line()?].map(|line| std::str::from_utf8(line).ok());
                permit(&named(module, name))?;
            }
            0x93 => {
                let [module, name] = std::mem::take(&mut self.top);
                permit(&named(module.as_deref(), name.as_deref()))?;
            }
            0x82 => permit(&Global::Extension(self.length(1)? as u32))?,
            0x83 => permit(&Global::Extension(self.length(2)? as u32))?,
            0x84 => permit(&Global::Extension(self.length(4)? as u32))?,
            // INT, LONG, FLOAT, STRING and PERSID have a line as their argument; bytes and long integers have a length.
            b'I' | b'L' | b'F' | b'S' | b'P' => drop(self.line()?),
            b'C' | 0x8a => drop(self.counted(1)?),
            b'B' | 0x8b => drop(self.counted(4)?),
            0x8e | 0x96 => drop(self.counted(8)?),
            // BININT1, BININT2, BININT and BINFLOAT.
            b'K' => drop(self.take(1)?),
            b'M' => drop(self.take(2)?),
            b'J' => drop(self.take(4)?),
            b'G' => drop(self.take(8)?),
            // All others have no argument.
            b'(' | b')' | b'0' | b'1' | b'2' | b'N' | b'Q' | b'R' | b']' | b'a' | b'b' | b'd' | b'e'
            | b'l' | b'o' | b's' | b't' | b'u' | b'}' => (),
            0x81 | 0x85..=0x89 | 0x8f..=0x92 | 0x97 | 0x98 => (),
            _ => {
                return Err(format!(
                    "its pickle contains 0x{opcode:02x} at {}, which is not an opcode",
                    self.at - 1
                ));
            }
        }
        // After two texts in a row the two topmost values are known; after anything else only the last value pushed is
        // known.
        let below = if pushed.is_some() { self.top[1].take() } else { None };
        self.top = [below, pushed];
        Ok(true)
    }

    /// Stores the top of the stack in the memo under `index`.
    fn memoise(&mut self, index: u64) -> Result<bool, String> {
        self.memo.insert(index, self.top[1].clone());
        let few = self.memo.len() <= MOST_MEMOS;
        if few { Ok(true) } else { Err(format!("its pickle memoises more than {MOST_MEMOS} values")) }
    }

    fn recall(&self, index: u64) -> Text {
        self.memo.get(&index).cloned().flatten()
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], String> {
        let end = usize::try_from(count).ok().and_then(|count| self.at.checked_add(count));
        let taken = end.and_then(|end| Some((end, self.bytes.get(self.at..end)?)));
        let (end, taken) = taken.ok_or_else(|| format!("its pickle ends unexpectedly at {}", self.at))?;
        self.at = end;
        Ok(taken)
    }

    /// An unsigned little-endian integer of `width` bytes.
    fn length(&mut self, width: u64) -> Result<u64, String> {
        Ok(self.take(width)?.iter().rev().fold(0, |length, &byte| length << 8 | u64::from(byte)))
    }

    /// Reads bytes whose number is given by an integer of `width` bytes before them.
    fn counted(&mut self, width: u64) -> Result<&'a [u8], String> {
        let count = self.length(width)?;
        self.take(count)
    }

    /// The bytes up to the next line feed, which is consumed, too.
    fn line(&mut self) -> Result<&'a [u8], String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| byte == b'\n');
        let length = length.ok_or_else(|| format!("its pickle ends unexpectedly at {}", self.at))?;
        self.at += length + 1;
        Ok(&rest[..length])
    }

    /// A line that contains an index of the memo.
    fn index(&mut self) -> Result<u64, String> {
        let line = std::str::from_utf8(self.line()?).ok();
        let index = line.and_then(|line| line.parse().ok());
        index.ok_or_else(|| format!("its pickle names no memo before {}", self.at))
    }
}

fn name(bytes: &[u8]) -> Text {
    let short = Some(bytes).filter(|bytes| bytes.len() <= LONGEST_NAME)?;
    std::str::from_utf8(short).ok().map(Rc::from)
}

fn named<'a>(module: Option<&'a str>, name: Option<&'a str>) -> Global<'a> {
    module.zip(name).map_or(Global::Hidden, |(module, name)| Global::Named { module, name })
}

impl fmt::Display for Global<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            // The name comes from the file, so control characters in it are escaped.
            Global::Named { module, name } => {
                let name: String = format!("{module}.{name}").chars().take(LONGEST_NAME).collect();
                write!(f, "{}", name.escape_debug())
            }
            Global::Extension(code) => write!(f, "entry {code} of copyreg's extensions"),
            Global::Hidden => f.write_str("something it names in a hidden way"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn globals(pickle: &[u8]) -> Result<(Vec<String>, usize), String> {
        let mut found = Vec::new();
        let length = walk(pickle, &mut |global| {
            found.push(global.to_string());
            Ok(())
        })?;
        Ok((found, length))
    }

    #[test]
    fn every_way_to_name_a_global_is_seen() {
        let ways: [(&[u8], &str); 8] = [
            (b"cos\nsystem\n.", "os.system"),
            (b"(S'true'\nios\nsystem\n.", "os.system"),
            (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93.", "os.system"),
            (b"X\x02\0\0\0osq\x07X\x06\0\0\0systemr\x01\0\0\x000h\x07j\x01\0\0\0\x93.", "os.system"),
            (b"Vos\nVsystem\n\x93.", "os.system"),
            (b"\x82\x07.", "entry 7 of copyreg's extensions"),
            // Copied, or hidden behind an escape: it could be anything.
            (b"\x8c\x02os\x8c\x06system2\x930.", "something it names in a hidden way"),
            (b"V\\u006fs\nVsystem\n\x93.", "something it names in a hidden way"),
        ];
        for (pickle, expected) in ways {
            assert_eq!(globals(pickle), Ok((vec![expected.to_owned()], pickle.len())));
        }
    }

    #[test]
    fn the_walk_ends_with_the_pickle() {
        assert_eq!(globals(b"\x80\x02K\x05.and more"), Ok((vec![], 5)));
    }

    #[test]
    fn arguments_are_no_opcodes() {
        let pickle = b"X\x0b\0\0\0cos\nsystem\nG(c\n.....\x8a\x02c\nB\x02\0\0\0c\n\x96\x01\0\0\0\0\0\0\0c.";
        assert_eq!(globals(pickle), Ok((vec![], pickle.len())));
    }

    #[test]
    fn names_are_printable() {
        let (found, _) = globals(b"c\x1b[2J\nboo\n.").expect("a pickle");
        assert_eq!(found, ["\\u{1b}[2J.boo"]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok((_, length)) = globals(&bytes) {
                prop_assert!(length <= bytes.len());
                prop_assert_eq!(bytes[length - 1], b'.');
            }
        }

        #[test]
        fn a_pickle_cut_short_is_malformed(cut in 0_usize..27) {
            let pickle = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93Vx\nI5\n\x86.";
            prop_assert!(globals(&pickle[..cut.min(pickle.len() - 1)]).is_err());
        }
    }
}
