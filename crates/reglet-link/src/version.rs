//! The version in libtorch's headers.

/// The version in a C++ header, from its three lines such as `#define TORCH_VERSION_MAJOR 2`.
pub(crate) fn header_version(text: &str) -> Option<String> {
    let part = |name: &str| {
        let define = format!("#define TORCH_VERSION_{name} ");
        text.lines().find_map(|line| line.strip_prefix(&define)).map(str::trim)
    };
    Some(format!("{}.{}.{}", part("MAJOR")?, part("MINOR")?, part("PATCH")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_three_lines_of_a_header() {
        let header = "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 13\n\n#define TORCH_VERSION_PATCH 0\n";
        assert_eq!(header_version(header).as_deref(), Some("2.13.0"));
        assert_eq!(header_version("#define TORCH_VERSION_MAJOR 2\n"), None);
    }
}
