//! Reads the names of a model's classes from a file.

use std::path::Path;

use serde_json::Value;

use crate::{ModelError, files};

/// The size in bytes of the largest file of labels that is read; ImageNet's 21,841 labels take 1 MB.
const LONGEST: u64 = 16 << 20;

/// The largest number of labels.
const MOST: usize = 1 << 20;

/// Reads class labels from a file, in the order of the logits: a text file with one label per line, a JSON list of labels,
/// or a JSON object with one label for each index. The list or object may also be under the key `id2label`, as in Hugging
/// Face's config files.
///
/// # Errors
/// [`ModelError::Labels`].
pub fn read_labels(path: &Path) -> Result<Vec<String>, ModelError> {
    let fault = |reason: String| ModelError::Labels { path: path.to_owned(), reason };
    let (file, size) = files::open(path).map_err(fault)?;
    if size > LONGEST {
        return Err(fault(format!("it has {size} bytes, but a list of labels may have at most {LONGEST}")));
    }
    let bytes = files::read_at(&file, 0, size as usize).map_err(fault)?;
    let labels = labels(&bytes).map_err(fault)?;
    match labels.is_empty() {
        true => Err(fault("it contains no labels".to_owned())),
        false => Ok(labels),
    }
}

/// The labels in a file with this content.
fn labels(bytes: &[u8]) -> Result<Vec<String>, String> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("it is in UTF-16; save it as UTF-8".to_owned());
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        format!("its line {line} is not UTF-8 text; save it as UTF-8")
    })?;
    if text.contains('\0') {
        return Err("it is not text".to_owned());
    }
    if text.trim_start().starts_with(['{', '[']) {
        let document: Value = serde_json::from_str(text)
            .map_err(|error| format!("it begins like JSON, but is not valid JSON: {error}"))?;
        return listed(document.get("id2label").unwrap_or(&document));
    }
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// The labels in a JSON list, or in an object whose keys are the indices.
pub(crate) fn listed(document: &Value) -> Result<Vec<String>, String> {
    // In Keras's index of ImageNet's classes each entry has an identifier and then the name.
    let name = |value: &Value| match value {
        Value::String(name) => Some(name.trim().to_owned()),
        Value::Array(pair) => pair.last().and_then(Value::as_str).map(|name| name.trim().to_owned()),
        _ => None,
    };
    let found = match document {
        Value::Array(names) => names.iter().map(name).collect::<Option<Vec<String>>>(),
        Value::Object(names) if names.len() <= MOST => {
            let mut labels = vec![None; names.len()];
            for (index, value) in names {
                let place = index.parse::<usize>().ok().and_then(|index| labels.get_mut(index));
                let place = place.ok_or_else(|| {
                    format!(
                        "its '{index}' is not a valid index for {} classes, which must be from 0 to {}",
                        names.len(),
                        names.len() - 1
                    )
                })?;
                *place = name(value);
            }
            labels.into_iter().collect()
        }
        _ => None,
    };
    found.ok_or_else(|| {
        "as JSON it must be a list of names, or an object with a name for each index".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_people_have_them() {
        for text in [
            "cat\ndog, hound\n",
            "\u{feff}cat\r\ndog, hound\r\n",
            "  cat \n\n dog, hound",
            "[\"cat\", \"dog, hound\"]",
            "\u{feff}{\"1\": \"dog, hound\", \"0\": \"cat\"}",
            "{\"0\": [\"n01\", \"cat\"], \"1\": [\"n02\", \"dog, hound\"]}",
            "{\"model_type\": \"vit\", \"id2label\": {\"0\": \"cat\", \"1\": \"dog, hound\"}}",
        ] {
            assert_eq!(
                labels(text.as_bytes()),
                Ok(vec!["cat".to_owned(), "dog, hound".to_owned()]),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_is_no_list_of_labels_is_refused() {
        for (bytes, part) in [
            (&b"\xff\xfec\0a\0t\0"[..], "UTF-16"),
            (b"cat\nd\xf6g\n", "line 2 is not UTF-8 text"),
            (b"PK\x03\x04\0\0", "not text"),
            (b"{\"1\": \"cat\", \"2\": \"dog\"}", "'2' is not a valid index for 2 classes"),
            (b"{\"cat\": 0}", "'cat' is not a valid index"),
            (b"[1, 2]", "a list of names"),
            (b"{\"0\": ", "begins like JSON"),
        ] {
            let message = labels(bytes).expect_err("no labels");
            assert!(message.contains(part), "{message}");
        }
    }
}
