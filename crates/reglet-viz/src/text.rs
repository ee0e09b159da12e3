//! Fitting text and numbers into the available space.

use crate::font::{Weight, width};

/// Breaks `text` into at most `lines` lines no wider than `room`; what is left over is cut off with an ellipsis.
///
/// A word longer than a line is broken where it must be. Line breaks in `text` count as spaces.
pub(crate) fn wrap(text: &str, room: f32, size: f32, weight: Weight, lines: usize) -> Vec<String> {
    let fits = |line: &str| width(line, size, weight) <= room;
    let mut wrapped: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if fits(&longer) {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            wrapped.push(std::mem::take(&mut line));
        }
        for character in word.chars() {
            line.push(character);
            if !fits(&line) && line.chars().count() > 1 {
                line.pop();
                wrapped.push(std::mem::replace(&mut line, character.to_string()));
            }
        }
        // Nothing beyond the line after the last is ever shown, however long the text is.
        if wrapped.len() > lines {
            break;
        }
    }
    if !line.is_empty() {
        wrapped.push(line);
    }
    if wrapped.len() > lines {
        wrapped.truncate(lines);
        if let Some(last) = wrapped.last_mut() {
            *last = cut(last, room, size, weight);
        }
    }
    wrapped
}

/// `text` on one line no wider than `room`, with an ellipsis where something had to go.
pub(crate) fn shorten(text: &str, room: f32, size: f32, weight: Weight) -> String {
    wrap(text, room, size, weight, 1).pop().unwrap_or_default()
}

/// Takes characters off the end until an ellipsis fits too.
fn cut(text: &str, room: f32, size: f32, weight: Weight) -> String {
    let mut kept = text.to_owned();
    while !kept.is_empty() && width(&format!("{kept}…"), size, weight) > room {
        kept.pop();
    }
    format!("{}…", kept.trim_end())
}

/// A number for a reader: `digits` significant ones, no trailing zeros, a real minus sign, and a power of ten
/// where the number is very large or very small.
pub(crate) fn number(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let power: i32 = exponent.parse().unwrap_or_default();
    let plain = if (-4..6).contains(&power) {
        let decimals = usize::try_from(digits as i32 - 1 - power).unwrap_or_default();
        trimmed(&format!("{value:.decimals$}"))
    } else {
        format!("{}×10{}", trimmed(mantissa), superscript(exponent))
    };
    plain.replace('-', "−")
}

/// A number with exactly `decimals` places after the point and a real minus sign.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    // −0.00 would confuse a reader.
    let negative = text.starts_with('-') && text.chars().any(|character| ('1'..='9').contains(&character));
    let digits = text.trim_start_matches('-');
    if negative { format!("−{digits}") } else { digits.to_owned() }
}

fn trimmed(number: &str) -> String {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        number.to_owned()
    }
}

fn superscript(exponent: &str) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    exponent
        .chars()
        .filter_map(|character| match character.to_digit(10) {
            Some(digit) => DIGITS.get(digit as usize).copied(),
            None => (character == '-').then_some('⁻'),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGULAR: Weight = Weight::Regular;

    #[test]
    fn numbers_are_written_for_readers() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (-2.5, "−2.5"),
            (0.012345, "0.0123"),
            (123456.0, "123456"),
            (1.5e-7, "1.5×10⁻⁷"),
            (-3e12, "−3×10¹²"),
            (0.9999, "1"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value, 3), expected, "{value}");
        }
        assert_eq!(fixed(-0.001, 2), "0.00");
        assert_eq!(fixed(-0.25, 1), "−0.2");
    }

    #[test]
    fn lines_fit_and_keep_every_word_while_there_is_room() {
        let text = "Integrated gradients of the most probable class, from a blurred picture";
        let lines = wrap(text, 120.0, 12.0, REGULAR, 20);
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|line| width(line, 12.0, REGULAR) <= 120.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        let lines = wrap(&"word ".repeat(100), 100.0, 12.0, REGULAR, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…') && width(&lines[1], 12.0, REGULAR) <= 100.0, "{lines:?}");
        let line = shorten(&"x".repeat(300), 80.0, 12.0, REGULAR);
        assert!(line.ends_with('…') && width(&line, 12.0, REGULAR) <= 80.0, "{line}");
    }

    #[test]
    fn no_room_at_all_still_ends() {
        assert_eq!(wrap("two words", 0.0, 12.0, REGULAR, 1), ["…"]);
        assert!(wrap("", 0.0, 12.0, REGULAR, 3).is_empty());
    }
}
