//! Turns a store's errors into messages that are the same every time and contain no secrets.

use std::error::Error;
use std::io;

use crate::refusal::{Refusal, StoreFault};

/// The longest that is repeated of what others say, in letters.
const LONGEST: usize = 160;

/// Why a store gives nothing.
///
/// Only the last error of a chain is reported: those before it contain the requested address with its signature, and the
/// time it took.
pub(super) fn refusal(error: object_store::Error) -> Refusal {
    use object_store::Error::{NotFound, PermissionDenied, Unauthenticated};

    match &error {
        NotFound { .. } => {
            return Refusal::System(io::Error::new(io::ErrorKind::NotFound, "the store has no such object"));
        }
        PermissionDenied { .. } | Unauthenticated { .. } => {
            let reason = "the store does not allow it".to_owned();
            return Refusal::Store(StoreFault { reason, lasting: true });
        }
        _ => {}
    }
    let mut last: &dyn Error = &error;
    while let Some(source) = last.source() {
        last = source;
    }
    let text = last.to_string();
    match status(&text) {
        Some(status) => {
            // Two of the client errors (4xx) mean that a request came too late or too often.
            let lasting =
                status.starts_with('4') && !["408", "429"].iter().any(|code| status.starts_with(code));
            Refusal::Store(StoreFault { reason: format!("it answered {status}"), lasting })
        }
        None => fleeting(plain(&text)),
    }
}

/// What may go another time.
pub(super) fn fleeting(reason: String) -> Refusal {
    Refusal::Store(StoreFault { reason, lasting: false })
}

/// The status of an answer, as `503 Service Unavailable`, without what the server says besides.
fn status(text: &str) -> Option<String> {
    let (_, after) = text.split_once("status code: ")?;
    let status = after.split([':', '\n']).next().unwrap_or_default().trim();
    status.starts_with(|first: char| first.is_ascii_digit()).then(|| plain(status))
}

/// A text as one line, without what may be secret in addresses.
fn plain(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let word = |word: &str| match word.split_once("://") {
        Some((scheme, rest)) => {
            let rest = rest.split('?').next().unwrap_or_default();
            format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or_default())
        }
        None => word.to_owned(),
    };
    let words: Vec<String> = line.split_whitespace().map(word).collect();
    words.join(" ").chars().filter(|letter| !letter.is_control()).take(LONGEST).collect()
}
