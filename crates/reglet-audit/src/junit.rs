//! The results of an audit as a test report for continuous integration: a test case for each model.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::Error;
use crate::results::{CaseResults, Results};

/// A model passes if its verdict is as expected; otherwise, its failure contains the reasons.
pub(crate) fn render(results: &Results) -> Result<String, Error> {
    let mut suite = TestSuite::new(results.title.as_str());
    for model in &results.cases {
        let mut status = TestCaseStatus::success();
        if !model.is_as_expected() {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type(model.verdict.kind.name())
                .set_message(said(model))
                .set_description(reasons(model));
        }
        let mut case = TestCase::new(results.title_of(model).as_str(), status);
        case.set_classname("reglet.audit").set_system_out(format!("{}\n{}", said(model), reasons(model)));
        suite.add_test_case(case);
    }
    let mut report = Report::new("reglet audit");
    report.add_test_suite(suite);
    report.to_string().map_err(|error| Error::Usage(format!("cannot write junit.xml: {error}")))
}

fn said(model: &CaseResults) -> String {
    let expected = model.expected.filter(|expected| !expected.holds(model.verdict.kind));
    let expected = expected.map(|expected| format!(" (expected: {})", expected.name()));
    format!("{}{}: {}", model.verdict.kind.name(), expected.unwrap_or_default(), model.verdict.summary)
}

fn reasons(model: &CaseResults) -> String {
    model.verdict.reasons.iter().map(|reason| format!("- {reason}.\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::example;
    use crate::results::Expectation;
    use reglet_evidence::VerdictKind;

    #[test]
    fn a_model_fails_where_the_exit_status_does() {
        let mut results = example();
        let kinds =
            [(VerdictKind::Clear, Expectation::Clear), (VerdictKind::Shortcut, Expectation::Shortcut)];
        for (case, (kind, expected)) in results.cases.iter_mut().zip(kinds) {
            (case.verdict.kind, case.expected) = (kind, Some(expected));
        }
        let failures = |results: &Results| {
            let text = render(results).expect("it can be written");
            let report = Report::deserialize_from_str(&text).expect("it can be read again");
            assert_eq!(report.tests, results.cases.len());
            report.failures
        };
        assert_eq!(failures(&results), 0);
        results.cases[1].expected = None;
        assert_eq!(failures(&results), 1, "a shortcut that nobody expects");
        results.cases[0].expected = Some(Expectation::Shortcut);
        results.cases[0].name = "</testcase>&\u{1}".to_owned();
        assert_eq!(failures(&results), 2, "a shortcut that was not found");
    }
}
