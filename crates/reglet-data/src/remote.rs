//! Remote files: in an object store, or at a web address.
//!
//! Their addresses are written like paths: `s3://bucket/lesions/17.jpg`. All functions that join, open or list paths first
//! check here whether a path is an address, so that pictures in a store are handled like pictures on a disk.

use std::fmt;
use std::path::{Path, PathBuf};

/// The address of a remote file.
///
/// In addresses with `s3://`, `gs://` and `az://`, the part after the bucket is the key exactly as in the store; the path of
/// a web address is written as in browsers, with `%20` for a space.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Remote {
    pub(crate) scheme: Scheme,
    /// The bucket or container, or the host with its port.
    pub(crate) place: String,
    /// The part after it, without slashes at its ends; empty if there is none.
    pub(crate) key: String,
}

/// The protocol by which a remote file is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    /// Amazon S3, and other stores with its protocol.
    S3,
    /// Google Cloud Storage.
    Gs,
    /// Azure Blob Storage.
    Az,
    /// A web server.
    Https,
    /// A web server on this machine.
    Http,
}

impl Scheme {
    const ALL: [(&'static str, Scheme); 5] = [
        ("s3", Scheme::S3),
        ("gs", Scheme::Gs),
        ("az", Scheme::Az),
        ("https", Scheme::Https),
        ("http", Scheme::Http),
    ];

    /// Whether it is an object store, which lists what it holds, and tells by a tag whether an object was replaced.
    #[cfg(feature = "stores")]
    pub(crate) fn is_store(self) -> bool {
        matches!(self, Scheme::S3 | Scheme::Gs | Scheme::Az)
    }
}

/// Why an address is invalid. No message contains a part of the address that may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressFault {
    /// It begins like no address that is read.
    #[error(
        "addresses that begin with `{scheme}://` are not supported: give s3://, gs://, az:// or https://, or a path"
    )]
    Scheme {
        /// What it begins with.
        scheme: String,
    },
    /// It holds what only its owner may know.
    #[error(
        "the address `{address}` has a user name, a password or a signature in it, which would appear in reports: remove everything before @ and from ? on, and give credentials in the environment, such as AWS_ACCESS_KEY_ID"
    )]
    Secret {
        /// The address without it.
        address: String,
    },
    /// It would be requested without encryption.
    #[error("`{address}` is not encrypted, which is allowed for this machine only: write https://")]
    Unencrypted {
        /// The address.
        address: String,
    },
    /// It names no bucket, or a path that no store has.
    #[error(
        "`{address}` is not a complete address: write a bucket or host and a path, without empty parts, as in s3://bucket/17.jpg"
    )]
    Malformed {
        /// The address.
        address: String,
    },
    /// A folder behind a web address cannot be listed.
    #[error("`{address}` is a web address, whose contents cannot be listed: list the pictures in a manifest")]
    NoListing {
        /// The address.
        address: String,
    },
    /// Such a file is only read from local disks.
    #[error(
        "`{address}` is an address, and {what} can be read from folders only: copy it, or list the pictures in a manifest"
    )]
    LocalOnly {
        /// The address.
        address: String,
        /// What is read.
        what: &'static str,
    },
    /// The program was built without what reads addresses.
    #[error(
        "`{address}` is an address, but this program was built without stores: build it with the feature `stores`"
    )]
    NotBuilt {
        /// The address.
        address: String,
    },
}

impl Remote {
    /// What a path says if it is an address; `None` for the path of a file on this machine.
    ///
    /// # Errors
    /// An address that is invalid, or that must not be used.
    pub(crate) fn parse(path: &Path) -> Result<Option<Remote>, AddressFault> {
        let Some((scheme, rest)) = split(path) else { return Ok(None) };
        let (place, key) = rest.split_once('/').unwrap_or((rest, ""));
        // An invalid address is not quoted in messages before it is certain that it contains no secret.
        let shown = || {
            let place = place.rsplit('@').next().unwrap_or_default();
            let whole = format!("{scheme}://{place}/{key}");
            whole.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned()
        };
        let lower = scheme.to_ascii_lowercase();
        let Some((_, known)) = Scheme::ALL.into_iter().find(|(name, _)| *name == lower) else {
            return Err(AddressFault::Scheme { scheme: lower });
        };
        if place.contains('@') || rest.contains('?') {
            return Err(AddressFault::Secret { address: shown() });
        }
        // If the text in the place of the port is not a number, it is the beginning of a password that contains a slash, and
        // the @ follows later.
        if !place.starts_with('[') && place.split_once(':').is_some_and(|(_, port)| !is_number(port)) {
            return Err(AddressFault::Secret { address: format!("{lower}://") });
        }
        if known == Scheme::Http && !is_here(place) {
            return Err(AddressFault::Unencrypted { address: shown() });
        }
        let key = key.trim_end_matches('/');
        let is_part = |part: &str| !["", ".", ".."].contains(&part);
        if place.is_empty() || !(key.is_empty() || key.split('/').all(is_part)) {
            return Err(AddressFault::Malformed { address: shown() });
        }
        let remote = Remote { scheme: known, place: place.to_owned(), key: key.to_owned() };
        if cfg!(feature = "stores") {
            Ok(Some(remote))
        } else {
            Err(AddressFault::NotBuilt { address: remote.to_string() })
        }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = Scheme::ALL.into_iter().find(|(_, scheme)| *scheme == self.scheme);
        write!(f, "{}://{}", scheme.map_or("", |(name, _)| name), self.place)?;
        if self.key.is_empty() { Ok(()) } else { write!(f, "/{}", self.key) }
    }
}

/// Whether a path is an address, valid or not.
pub(crate) fn is_address(path: &Path) -> bool {
    split(path).is_some()
}

/// Refuses an address where only a path is of use.
///
/// # Errors
/// [`AddressFault::LocalOnly`], or another error in the address.
pub(crate) fn local_only(path: &Path, what: &'static str) -> Result<(), AddressFault> {
    match Remote::parse(path)? {
        None => Ok(()),
        Some(remote) => Err(AddressFault::LocalOnly { address: remote.to_string(), what }),
    }
}

/// `path` as it is meant in the folder `base`; either may be an address, and `.` and `..` in what is joined to one count as in a
/// folder.
pub(crate) fn join(base: &Path, path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    if is_address(path) {
        return path.to_owned();
    }
    let (Some((scheme, rest)), Some(path)) = (split(base), path.to_str()) else { return base.join(path) };
    let (place, key) = rest.split_once('/').unwrap_or((rest, ""));
    let mut parts: Vec<&str> = match path.starts_with('/') {
        true => Vec::new(),
        false => key.split('/').filter(|part| !part.is_empty()).collect(),
    };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    let parts = parts.join("/");
    PathBuf::from(format!("{scheme}://{place}{}{parts}", if parts.is_empty() { "" } else { "/" }))
}

/// The folder that a file is in.
pub(crate) fn parent(path: &Path) -> PathBuf {
    match split(path) {
        Some(_) => join(path, ".."),
        None => path.parent().unwrap_or(Path::new("")).to_owned(),
    }
}

/// The scheme of an address and the rest. One letter is a drive of Windows.
fn split(path: &Path) -> Option<(&str, &str)> {
    let (scheme, rest) = path.to_str()?.split_once("://")?;
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    (scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(is_letter))
    .then_some((scheme, rest))
}

fn is_number(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a host with its port is this machine.
fn is_here(place: &str) -> bool {
    let host = match place.rsplit_once(':') {
        Some((host, port)) if is_number(port) => host,
        _ => place,
    };
    host == "localhost"
        || host == "[::1]"
        || host.parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "stores")]
    fn parsed(text: &str) -> Remote {
        Remote::parse(Path::new(text)).expect("an address of use").expect("an address")
    }

    fn fault(text: &str) -> AddressFault {
        Remote::parse(Path::new(text)).expect_err("it must be refused")
    }

    #[cfg(feature = "stores")]
    #[test]
    fn addresses_are_told_from_paths() {
        let remote = parsed("s3://bucket/a b/17%.jpg/");
        assert_eq!(
            (remote.scheme, remote.place.as_str(), remote.key.as_str()),
            (Scheme::S3, "bucket", "a b/17%.jpg")
        );
        assert_eq!(parsed("HTTPS://host:8443/a.png").to_string(), "https://host:8443/a.png");
        assert_eq!(parsed("gs://bucket").to_string(), "gs://bucket");
        assert_eq!(parsed("http://127.0.0.1:80/a.png").scheme, Scheme::Http);
        assert_eq!(parsed("http://[::1]:80/a.png").scheme, Scheme::Http);
        for path in
            ["a.png", "/a/b.png", "C:\\a.png", "C://a.png", "a:b.png", "s3:/a", "://a", "../s3//a", "1a://b"]
        {
            assert_eq!(Remote::parse(Path::new(path)), Ok(None), "{path}");
            assert!(!is_address(Path::new(path)));
        }
    }

    #[test]
    fn secrets_are_refused_and_not_repeated() {
        for text in [
            "https://user:hunter2@host/a.png",
            "https://hunter2@host/a.png",
            "s3://AKIA:hunter2@bucket/a.png",
            "https://host/a.png?X-Amz-Signature=hunter2",
            "az://container/a.png?sv=2020&sig=hunter2",
            "https://u:hunter2@x@host/a?hunter2",
            "https://host?hunter2/a.png",
            "https://user:hunter2/x@host/a.png",
        ] {
            let fault = fault(text);
            assert!(matches!(fault, AddressFault::Secret { .. }), "{fault:?}");
            assert!(!format!("{fault} {fault:?}").contains("hunter2"), "{fault}");
        }
        for text in [
            "ftp://u:hunter2@host/a",
            "http://host/a.png",
            "s3:///a.png",
            "s3://b//a.png",
            "s3://b/../a",
            "file:///a",
        ] {
            let said = fault(text).to_string();
            assert!(!said.contains("hunter2") && said.len() < 250, "{said}");
        }
        assert!(matches!(fault("http://10.0.0.1/a.png"), AddressFault::Unencrypted { .. }));
        assert!(matches!(fault("http://localhost.evil/a.png"), AddressFault::Unencrypted { .. }));
        assert!(matches!(fault("s3://b//a.png"), AddressFault::Malformed { .. }));
    }

    #[test]
    fn joined_paths_lie_where_they_would_in_a_folder() {
        let cases = [
            ("s3://bucket/data", "a.png", "s3://bucket/data/a.png"),
            ("s3://bucket/data/", "./x/../a.png", "s3://bucket/data/a.png"),
            ("s3://bucket/data", "../masks/a.png", "s3://bucket/masks/a.png"),
            ("s3://bucket", "../../a.png", "s3://bucket/a.png"),
            ("s3://bucket/data", "/a.png", "s3://bucket/a.png"),
            ("s3://bucket/data", "https://host/a.png", "https://host/a.png"),
            ("s3://bucket/data", "", "s3://bucket/data"),
            ("folder", "s3://bucket/a.png", "s3://bucket/a.png"),
        ];
        for (base, path, joined) in cases {
            assert_eq!(join(Path::new(base), path), Path::new(joined), "{base} {path}");
        }
        assert_eq!(join(Path::new("a"), "b"), Path::new("a").join("b"));
        assert_eq!(parent(Path::new("https://host/a/b.csv")), Path::new("https://host/a"));
        assert_eq!(parent(Path::new("s3://bucket/b.csv")), Path::new("s3://bucket"));
        assert_eq!(parent(Path::new("a/b.csv")), Path::new("a"));
        assert_eq!(parent(Path::new("b.csv")), Path::new(""));
    }
}
