//! A file's elements from one to the next, with nothing taken at its word.

use std::env;
use std::ffi::OsString;
use std::sync::LazyLock;

use data_encoding::HEXLOWER;
use dicom_core::VR;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_object::{StandardDataDictionary, Tag};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::coded::Code;
use crate::picture::DicomFault;

/// The information before the pixels.
#[derive(Debug)]
pub(crate) struct Head {
    /// How the elements and the pixels are written.
    pub(crate) syntax: Syntax,
    /// The number of frames, at least one.
    pub(crate) frames: u32,
    /// What pictures of one patient have in common, in which the patient's number cannot be read.
    pub(crate) group: Option<String>,
    /// Where the pixels end, if they were walked through. What follows them has not been checked, and is not to be read.
    pub(crate) end: usize,
}

/// A transfer syntax that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    explicit: bool,
    big: bool,
    code: Option<Code>,
}

impl Syntax {
    /// How frames are compressed; `None` if they are not.
    pub(super) fn code(self) -> Option<Code> {
        self.code
    }

    fn find(uid: &str) -> Result<Syntax, DicomFault> {
        let little = |code| Ok(Syntax { explicit: true, big: false, code });
        match uid.strip_prefix("1.2.840.10008.1.2").unwrap_or("?") {
            "" => Ok(Syntax { explicit: false, big: false, code: None }),
            ".1" => little(None),
            ".2" => Ok(Syntax { explicit: true, big: true, code: None }),
            ".4.50" | ".4.51" | ".4.57" | ".4.70" => little(Some(Code::Jpeg)),
            ".4.90" | ".4.91" => little(Some(Code::Jpeg2000)),
            ".5" => little(Some(Code::RunLengths)),
            ".4.80" | ".4.81" => Err(DicomFault::Syntax { name: "JPEG-LS" }),
            ".4.110" | ".4.111" | ".4.112" => Err(DicomFault::Syntax { name: "JPEG XL" }),
            ".4.201" | ".4.202" | ".4.203" => Err(DicomFault::Syntax { name: "High-Throughput JPEG 2000" }),
            ".1.99" => Err(DicomFault::Syntax { name: "deflated elements" }),
            other if other.starts_with(".4.10") => Err(DicomFault::Syntax { name: "a film (MPEG)" }),
            _ => Err(DicomFault::Syntax { name: "an unknown transfer syntax" }),
        }
    }
}

/// The bytes before the pixels that are read at most, and the elements.
const LONGEST: usize = 64 << 20;
const MOST: usize = 1 << 20;

/// The greatest depth of nested sequences.
const DEEPEST: usize = 32;

/// The length that stands for an undefined length, which a delimiter element ends.
const UNTOLD: u32 = u32::MAX;

const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);
const GROUP_LENGTH: Tag = Tag(0x0002, 0x0000);
const TRANSFER_SYNTAX: Tag = Tag(0x0002, 0x0010);
const PATIENT: Tag = Tag(0x0010, 0x0020);
const ISSUER: Tag = Tag(0x0010, 0x0021);
const STUDY: Tag = Tag(0x0020, 0x000D);
const FRAMES: Tag = Tag(0x0028, 0x0008);
const PIXELS: Tag = Tag(0x7FE0, 0x0010);

/// Where the elements begin: 128 bytes that mean nothing, and four that say what the file is.
const START: usize = 132;

/// A sequence, or an item of one.
struct Level {
    /// Where it ends, or `None` if a delimiter element ends it.
    end: Option<usize>,
    is_item: bool,
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    syntax: Syntax,
    levels: Vec<Level>,
    /// Whether the bytes are the whole file, or may end within the pixels.
    whole: bool,
}

struct Element<'a> {
    tag: Tag,
    vr: Option<VR>,
    /// `None` if a delimiter element ends it.
    value: Option<&'a [u8]>,
}

/// Checks the elements of a whole file up to the end of the pixels. If this succeeds, every element is within the file and
/// within the element that contains it.
pub(super) fn walk(bytes: &[u8]) -> Result<Head, DicomFault> {
    read(bytes, true)
}

/// The information in the beginning of a file, if it contains everything before the pixels.
pub(crate) fn head(bytes: &[u8]) -> Result<Head, DicomFault> {
    read(bytes, false)
}

fn read(bytes: &[u8], whole: bool) -> Result<Head, DicomFault> {
    let damaged = |what| DicomFault::Damaged { what };
    let meta = Syntax { explicit: true, big: false, code: None };
    let mut walk = Walk { bytes, at: START, syntax: meta, levels: Vec::new(), whole };
    let (mut told, mut syntax) = (None, None);
    while bytes.get(walk.at..).is_some_and(|rest| rest.starts_with(&[2, 0])) {
        let Element { tag, value, .. } = walk.element()?;
        let value = value.ok_or(damaged("its file meta information has no end"))?;
        match tag {
            GROUP_LENGTH => told = value.first_chunk().map(|&four| (walk.at, u32::from_le_bytes(four))),
            TRANSFER_SYNTAX => syntax = Some(text(value)),
            _ => {}
        }
    }
    if told.is_none_or(|(from, length)| walk.at - from != length as usize) {
        return Err(damaged("the length of its file meta information is wrong"));
    }
    let syntax = syntax.ok_or(damaged("it does not specify its transfer syntax"))?;
    walk.syntax = Syntax::find(&syntax)?;
    let syntax = walk.syntax;

    let (mut frames, mut patient, mut issuer, mut study) = (1, None, None, None);
    for _ in 0..MOST {
        walk.leave();
        if walk.levels.is_empty() && walk.at == bytes.len() {
            return Err(if whole { DicomFault::NoPixels } else { DicomFault::CutShort });
        }
        let element = walk.element()?;
        if !walk.levels.is_empty() {
            walk.enter(&element)?;
            continue;
        }
        let said = || element.value.map(text).filter(|text| !text.is_empty());
        match element.tag {
            PATIENT => patient = said(),
            ISSUER => issuer = said(),
            STUDY => study = said(),
            FRAMES => {
                let number = |text: String| text.parse().ok().filter(|&frames| frames > 0);
                let number = said().map_or(Some(1), number);
                frames = number.ok_or(damaged("its number of frames is impossible"))?;
            }
            PIXELS => {
                let is_bytes = matches!(element.vr, Some(VR::OB | VR::OW));
                match (element.value, syntax.code) {
                    _ if !whole => {}
                    (Some(_), None) if is_bytes => {}
                    (None, Some(_)) if is_bytes => walk.fragments()?,
                    _ => return Err(damaged("its pixels are not encoded as its transfer syntax says")),
                }
                return Ok(Head {
                    syntax,
                    frames,
                    group: group(patient, issuer, study, key()?),
                    end: walk.at,
                });
            }
            _ => walk.enter(&element)?,
        }
        if walk.at > START + LONGEST {
            return Err(damaged("there are too many data before its pixels"));
        }
    }
    Err(damaged("it has too many elements"))
}

/// The bytes of one value in binary form; 1 for text and for bytes as they are.
fn unit(vr: VR) -> u32 {
    match vr {
        VR::US | VR::SS | VR::OW => 2,
        VR::UL | VR::SL | VR::FL | VR::AT | VR::OF | VR::OL => 4,
        VR::FD | VR::SV | VR::UV | VR::OD | VR::OV => 8,
        _ => 1,
    }
}

impl<'a> Walk<'a> {
    /// Leaves what ends here.
    fn leave(&mut self) {
        while self.levels.last().is_some_and(|level| level.end == Some(self.at)) {
            self.levels.pop();
        }
    }

    /// The next element. Its value, if it has one, is skipped.
    fn element(&mut self) -> Result<Element<'a>, DicomFault> {
        let (tag, vr, length) = self.header()?;
        // Where a length is no whole number of values, a reader that counts values goes on at another place than this one.
        if length != UNTOLD && vr.is_some_and(|vr| length % unit(vr) != 0) {
            return Err(DicomFault::Damaged {
                what: "an element's length is not a whole number of its values",
            });
        }
        let are_pixels = tag == PIXELS && self.levels.is_empty();
        if length == UNTOLD || (are_pixels && !self.whole) {
            return Ok(Element { tag, vr, value: None });
        }
        // Items and sequences are entered; everything else is skipped.
        let value = self.within(length)?;
        let is_entered = tag == ITEM || vr == Some(VR::SQ);
        self.at += if is_entered { 0 } else { value.len() };
        Ok(Element { tag, vr, value: Some(value) })
    }

    /// The tag, the kind of value, which delimiters have none of, and the length.
    fn header(&mut self) -> Result<(Tag, Option<VR>, u32), DicomFault> {
        let (group, element) = (self.two()?, self.two()?);
        let tag = Tag(group, element);
        if group == ITEM.0 {
            return Ok((tag, None, self.four()?));
        }
        if !self.syntax.explicit {
            let known = StandardDataDictionary.by_tag(tag).map(|entry| entry.vr().relaxed());
            return Ok((tag, known, self.four()?));
        }
        let [first, second] = self.bytes_of::<2>()?;
        let vr = VR::from_binary([first, second]);
        let vr = vr.ok_or(DicomFault::Damaged { what: "an element has an unknown value representation" })?;
        let length = match vr {
            VR::OB
            | VR::OD
            | VR::OF
            | VR::OL
            | VR::OV
            | VR::OW
            | VR::SQ
            | VR::SV
            | VR::UC
            | VR::UN
            | VR::UR
            | VR::UT
            | VR::UV => {
                self.two()?;
                self.four()?
            }
            _ => u32::from(self.two()?),
        };
        Ok((tag, Some(vr), length))
    }

    /// Goes into a sequence or an item, or out of one.
    fn enter(&mut self, element: &Element<'_>) -> Result<(), DicomFault> {
        let misplaced = DicomFault::Damaged { what: "its sequences are not properly nested" };
        let in_item = self.levels.last().map(|level| level.is_item);
        let end = element.value.map(|value| self.at + value.len());
        let inner = match element.tag {
            ITEM if in_item == Some(false) => Level { end, is_item: true },
            ITEM_END if in_item == Some(true) => return self.close(),
            SEQUENCE_END if in_item == Some(false) => return self.close(),
            ITEM | ITEM_END | SEQUENCE_END => return Err(misplaced),
            _ if in_item == Some(false) => return Err(misplaced),
            _ if element.vr == Some(VR::SQ) => Level { end, is_item: false },
            // The pixels of an icon.
            PIXELS if element.value.is_none() => return self.fragments(),
            _ if element.value.is_some() => return Ok(()),
            // If the kind is unknown, an element with undefined length can only be a sequence.
            _ if !self.syntax.explicit => Level { end, is_item: false },
            _ => return Err(DicomFault::Damaged { what: "an element that is not a sequence has no length" }),
        };
        if self.levels.len() == DEEPEST {
            return Err(DicomFault::Damaged { what: "its sequences are nested too deeply" });
        }
        self.levels.push(inner);
        Ok(())
    }

    /// Closes the sequence or item that a delimiter element ends.
    fn close(&mut self) -> Result<(), DicomFault> {
        match self.levels.pop() {
            Some(Level { end: None, .. }) => Ok(()),
            _ => Err(DicomFault::Damaged { what: "its sequences are not properly nested" }),
        }
    }

    /// Passes by the pieces of compressed pixels, which hold no elements, and what ends them.
    fn fragments(&mut self) -> Result<(), DicomFault> {
        for _ in 0..MOST {
            match self.header()? {
                (ITEM, _, length) if length != UNTOLD => self.at += self.within(length)?.len(),
                (SEQUENCE_END, _, 0) => return Ok(()),
                _ => return Err(DicomFault::Damaged { what: "the fragments of its pixels are malformed" }),
            }
        }
        Err(DicomFault::Damaged { what: "its pixels are in too many fragments" })
    }

    /// This number of bytes from here on, if the enclosing element has as many left.
    fn within(&self, length: u32) -> Result<&'a [u8], DicomFault> {
        let inner = self.levels.iter().rev().find_map(|level| level.end);
        let rest = self.bytes.get(self.at..inner.unwrap_or(self.bytes.len())).unwrap_or_default();
        match rest.get(..length as usize) {
            Some(value) => Ok(value),
            None if inner.is_some() => {
                Err(DicomFault::Damaged { what: "an element is longer than the element that contains it" })
            }
            None => Err(DicomFault::CutShort),
        }
    }

    fn bytes_of<const N: usize>(&mut self) -> Result<[u8; N], DicomFault> {
        let bytes = self.within(N as u32)?;
        self.at += N;
        bytes.first_chunk().copied().ok_or(DicomFault::CutShort)
    }

    fn two(&mut self) -> Result<u16, DicomFault> {
        let bytes = self.bytes_of()?;
        Ok(if self.syntax.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn four(&mut self) -> Result<u32, DicomFault> {
        let bytes = self.bytes_of()?;
        Ok(if self.syntax.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }
}

/// A value of letters without what fills it up to an even length.
fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim_matches([' ', '\0']).to_owned()
}

/// The environment variable with the key of the hashes. Without the key, even a person with a list of patient IDs cannot
/// find out which patient a group belongs to.
const KEY: &str = "REGLET_PATIENT_KEY";

/// The shortest key in bytes, long enough that it cannot be found by trying.
const SHORTEST_KEY: usize = 16;

/// The key in the environment variable.
///
/// # Errors
/// [`DicomFault::PatientKey`] if it is too short to keep a secret.
fn key() -> Result<Option<&'static [u8]>, DicomFault> {
    static FOUND: LazyLock<Option<Vec<u8>>> =
        LazyLock::new(|| env::var_os(KEY).map(OsString::into_encoded_bytes));
    match FOUND.as_deref() {
        Some(key) if key.len() < SHORTEST_KEY => {
            Err(DicomFault::PatientKey { variable: KEY, shortest: SHORTEST_KEY })
        }
        key => Ok(key),
    }
}

/// An id that the pictures of one patient share: the beginning of a hash of the patient's ID and its issuer or, if there is
/// none, of the study's ID. It is a SHA-256 or, with a key, an HMAC of it (RFC 2104,
/// <https://www.rfc-editor.org/rfc/rfc2104>).
fn group(
    patient: Option<String>,
    issuer: Option<String>,
    study: Option<String>,
    key: Option<&[u8]>,
) -> Option<String> {
    let parts = match patient {
        Some(patient) => ["patient".to_owned(), issuer.unwrap_or_default(), patient],
        None => ["study".to_owned(), String::new(), study?],
    };
    let mut message = Vec::new();
    for part in &parts {
        message.extend((part.len() as u64).to_le_bytes());
        message.extend(part.as_bytes());
    }
    let hash = match key {
        None => HEXLOWER.encode(&Sha256::digest(&message)),
        Some(key) => {
            // An HMAC takes keys of any length.
            let mut hash = Hmac::<Sha256>::new_from_slice(key).ok()?;
            hash.update(&message);
            HEXLOWER.encode(&hash.finalize().into_bytes())
        }
    };
    Some(format!("{}-{}", parts[0], &hash[..12]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hashes are those of Python's `hashlib` and `hmac`.
    #[test]
    fn groups_hide_whom_they_are_of() {
        let of = |patient: &str, key: Option<&[u8]>| {
            group(Some(patient.to_owned()), None, Some("1.2.3".to_owned()), key).expect("a group")
        };
        let key: &[u8] = b"a key of 24 bytes, or so";
        assert_eq!(of("4711", None), "patient-75242f5432c4");
        assert_eq!(of("4711", Some(key)), "patient-b18e88ebd933");
        assert_ne!(of("4711", Some(key)), of("4711", Some(b"another key, as long...")));
        assert_ne!(of("4711", Some(key)), of("4712", Some(key)));
        assert_eq!(
            group(None, None, Some("1.2.3".to_owned()), Some(key)).expect("a study"),
            "study-7c8699d5a28a"
        );
        assert_eq!(group(None, None, None, Some(key)), None);
    }
}
