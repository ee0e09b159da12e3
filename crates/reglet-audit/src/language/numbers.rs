//! Numbers as a reader wants them: a real minus sign, the language's decimal mark, as many digits as mean something.

use super::Language;
use reglet_statistics::Estimate;

/// The text for a missing value.
pub(crate) const NONE: &str = "–";

impl Language {
    /// A probability, a density or an area, with two decimals.
    pub(crate) fn plain(self, value: f64) -> String {
        self.written(format!("{value:.2}"))
    }

    /// A score with its own scale, with three decimals.
    pub(crate) fn precise(self, value: f64) -> String {
        self.written(format!("{value:.3}"))
    }

    /// A difference, with its sign.
    pub(crate) fn signed(self, value: f64) -> String {
        self.written(format!("{value:+.2}"))
    }

    /// A number that somebody chose, with the digits that they gave it.
    pub(crate) fn given(self, value: f64) -> String {
        self.written(value.to_string())
    }

    /// A duration in seconds.
    pub(crate) fn seconds(self, value: f64) -> String {
        self.typeset(format!("{} s", self.written(format!("{value:.1}"))))
    }

    /// A fraction between 0 and 1 as a percentage, with a decimal below ten, and with so many that only nothing is shown as
    /// 0 % and only everything as 100 %, three at most.
    pub(crate) fn percent(self, share: f64) -> String {
        let value = 100.0 * share;
        let least = usize::from(value != 0.0 && value.abs() < 9.95);
        let rounded = |decimals: usize| format!("{:.decimals$}", value.abs()).parse::<f64>();
        let tells = |decimals: &usize| {
            let is = |end: f64| rounded(*decimals).is_ok_and(|rounded| rounded == end) && value.abs() != end;
            !is(0.0) && !is(100.0)
        };
        // What is nearer to an end than that is rounded to it.
        let decimals = (least..=3).find(tells).unwrap_or(0);
        self.written(format!("{value:.decimals$}")) + "\u{a0}%"
    }

    /// A percentage with a decimal.
    pub(crate) fn precise_percent(self, share: f64) -> String {
        self.written(format!("{:.1}", 100.0 * share)) + "\u{a0}%"
    }

    /// A percentage with three decimals.
    pub(crate) fn finest_percent(self, share: f64) -> String {
        self.written(format!("{:.3}", 100.0 * share)) + "\u{a0}%"
    }

    /// A number with as many decimals, from two to six, as show on which side of a limit it lies.
    pub(crate) fn beside(self, value: f64, limit: f64) -> String {
        let tells = |decimals: &usize| {
            let rounded = format!("{value:.decimals$}").parse::<f64>();
            rounded.is_ok_and(|rounded| rounded.total_cmp(&limit) == value.total_cmp(&limit))
        };
        let decimals = (2..6).find(tells).unwrap_or(6);
        self.written(format!("{value:.decimals$}"))
    }

    /// A p-value.
    pub(crate) fn p_value(self, p: f64) -> String {
        if p < 0.001 { format!("<\u{a0}{}", self.written("0.001".to_owned())) } else { self.precise(p) }
    }

    /// The ends of an interval in their brackets.
    pub(crate) fn ends(self, low: f64, high: f64, number: fn(Language, f64) -> String) -> String {
        let between = match self {
            Language::En => ", ",
            Language::Fr => "\u{202f}; ",
        };
        format!("[{}{between}{}]", number(self, low), number(self, high))
    }

    /// An estimate with its interval.
    pub(crate) fn estimate(self, estimate: &Estimate, number: fn(Language, f64) -> String) -> String {
        format!("{} {}", number(self, estimate.mean), self.ends(estimate.low, estimate.high, number))
    }

    /// Zero has no sign, and what is below it has a real minus sign.
    fn written(self, text: String) -> String {
        let text = match text.chars().any(|character| ('1'..='9').contains(&character)) {
            true => text.replace('-', "−"),
            false => text.replace(['-', '+'], ""),
        };
        match self {
            Language::En => text,
            Language::Fr => text.replace('.', ","),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_language_writes_them() {
        let (en, fr) = (Language::En, Language::Fr);
        assert_eq!((en.plain(-0.25), fr.plain(-0.25)), ("−0.25".into(), "−0,25".into()));
        assert_eq!((en.signed(-0.001), fr.signed(0.5)), ("0.00".into(), "+0,50".into()));
        assert_eq!((en.percent(0.034), fr.percent(0.034)), ("3.4\u{a0}%".into(), "3,4\u{a0}%".into()));
        assert_eq!((en.percent(0.997), en.percent(0.99996)), ("99.7\u{a0}%".into(), "99.996\u{a0}%".into()));
        assert_eq!((en.percent(1.0), en.percent(0.0)), ("100\u{a0}%".into(), "0\u{a0}%".into()));
        assert_eq!((en.percent(1e-16), en.percent(1.0 - 1e-16)), ("0\u{a0}%".into(), "100\u{a0}%".into()));
        assert_eq!((en.percent(0.0004), en.percent(0.994)), ("0.04\u{a0}%".into(), "99\u{a0}%".into()));
        let beside = [(0.496, 0.5), (0.504, 0.5), (0.49996, 0.5), (0.31, 0.5), (0.5, 0.5)];
        let beside = beside.map(|(value, limit)| en.beside(value, limit));
        assert_eq!(beside, ["0.496", "0.504", "0.49996", "0.31", "0.50"]);
        assert_eq!((en.p_value(1e-9), fr.p_value(0.0421)), ("<\u{a0}0.001".into(), "0,042".into()));
        let estimate = Estimate { mean: 0.5, low: -0.1, high: 1.0, count: 3 };
        assert_eq!(en.estimate(&estimate, Language::signed), "+0.50 [−0.10, +1.00]");
        assert_eq!(fr.estimate(&estimate, Language::signed), "+0,50 [−0,10\u{202f}; +1,00]");
    }
}
