//! Numbers as annotation files write them.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// An id: a whole number, written as such, with a point, or as text; or other text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    Number(i64),
    Text(String),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text}"),
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Whole(number) => Ok(Self::Number(number)),
            Written::Broken(number) => match whole(number) {
                Some(number) => Ok(Self::Number(number)),
                None => Err(D::Error::custom(format!("{number} is no id: an id is a whole number or text"))),
            },
            Written::Text(text) => Ok(text.parse().map_or(Self::Text(text), Self::Number)),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "an id is a whole number or text")]
enum Written {
    Whole(i64),
    Broken(f64),
    Text(String),
}

/// A number of pixels along a side, which may be written with a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side(pub(super) u32);

impl<'de> Deserialize<'de> for Side {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        let side = whole(number).and_then(|number| u32::try_from(number).ok());
        let fault =
            || D::Error::custom(format!("{number} is no width or height: it is a whole number of pixels"));
        side.map(Self).ok_or_else(fault)
    }
}

/// The number, if it is an integer that a float represents exactly.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}
