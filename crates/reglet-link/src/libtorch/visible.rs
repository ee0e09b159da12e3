//! Running a program so that its progress is visible.

use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a program that downloads something so that its progress is visible, and returns its last output if it fails.
///
/// Its output goes to this program's standard error, because standard output belongs to the program that is run afterwards.
pub fn run(mut command: Command, work: &Path) -> Result<(), String> {
    // A package may be larger than the system's folder for temporary files.
    command.env("TMPDIR", work).env("TEMP", work).env("TMP", work);
    command.stdin(Stdio::null()).stdout(io::stderr()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let mut said = Vec::new();
    if let Some(mut errors) = child.stderr.take() {
        let mut buffer = [0; 1024];
        while let Ok(length @ 1..) = errors.read(&mut buffer) {
            // On a terminal the client's progress bar is shown directly.
            let _ = io::stderr().write_all(&buffer[..length]);
            said.extend_from_slice(&buffer[..length]);
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(());
    }
    let last = last_words(&String::from_utf8_lossy(&said));
    Err(if last.is_empty() { status.to_string() } else { last })
}

/// Whether progress can be drawn as a bar rather than printed line by line.
pub fn can_draw() -> bool {
    io::stderr().is_terminal()
}

/// The last meaningful lines, joined to one line; those of a progress bar are ignored.
fn last_words(said: &str) -> String {
    let lines: Vec<&str> = said
        .split(['\n', '\r'])
        .map(str::trim)
        .filter(|line| line.chars().filter(|letter| letter.is_alphabetic()).count() > 2)
        .collect();
    lines[lines.len().saturating_sub(3)..].join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_the_last_lines_without_bars() {
        let said =
            "Collecting torch\nWARNING: a\nWARNING: b\n\r##### 12.5%\r####### 20.0%\ncurl: (6) no host\n";
        assert_eq!(last_words(said), "WARNING: a WARNING: b curl: (6) no host");
        assert_eq!(last_words("\n12 %\n"), "");
    }
}
