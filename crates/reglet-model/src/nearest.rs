//! Suggestions for a name that does not exist.

/// The real names closest to `wanted`, best first: at most three, and only those that resemble it.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let mut scored: Vec<(f64, &str)> = names
        .into_iter()
        .map(|name| {
            let lower = name.to_lowercase();
            let contained = !wanted.is_empty() && (lower.contains(&wanted) || wanted.contains(&lower));
            let bonus = if contained { 0.5 } else { 0.0 };
            (strsim::jaro_winkler(&wanted, &lower) + bonus, name)
        })
        .filter(|(score, _)| *score > 0.7)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// The end of a sentence that offers `names`: `; did you mean 'a', 'b' or 'c'?`, or nothing.
pub fn did_you_mean(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => format!("; did you mean '{only}'?"),
        [first @ .., last] => format!("; did you mean '{}' or '{last}'?", first.join("', '")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_names_come_first_and_strangers_not_at_all() {
        let names = ["layer4.1.conv2", "layer4.1.conv1", "fc", "maxpool"];
        assert_eq!(nearest("layer4.1.conv", names)[..2], ["layer4.1.conv2", "layer4.1.conv1"]);
        assert_eq!(nearest("zzz", names), Vec::<String>::new());
        assert_eq!(did_you_mean(&nearest("FC", names)), "; did you mean 'fc'?");
    }
}
