//! What an audit found, as the test report that continuous integration shows: a test case for each model.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::results::{ModelResults, Results};
use crate::{Error, audit};

/// A model passes where the exit status says that nothing is wrong with it; else its failure holds the reasons.
pub(crate) fn render(results: &Results) -> Result<String, Error> {
    let mut suite = TestSuite::new(results.title.as_str());
    for model in &results.models {
        let mut status = TestCaseStatus::success();
        if !audit::fine(model) {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_type(model.verdict.kind.name())
                .set_message(said(model))
                .set_description(reasons(model));
        }
        let mut case = TestCase::new(model.name.as_str(), status);
        case.set_classname("reglet.audit").set_system_out(format!("{}\n{}", said(model), reasons(model)));
        suite.add_test_case(case);
    }
    let mut report = Report::new("reglet audit");
    report.add_test_suite(suite);
    report.to_string().map_err(|error| Error::Usage(format!("cannot write junit.xml: {error}")))
}

fn said(model: &ModelResults) -> String {
    let expected = model.expected.filter(|expected| *expected != model.verdict.kind);
    let expected = expected.map(|expected| format!(" (expected: {})", expected.name()));
    format!("{}{}: {}", model.verdict.kind.name(), expected.unwrap_or_default(), model.verdict.summary)
}

fn reasons(model: &ModelResults) -> String {
    model.verdict.reasons.iter().map(|reason| format!("- {reason}.\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::example;
    use crate::results::VerdictKind;

    #[test]
    fn a_model_fails_where_the_exit_status_does() {
        let mut results = example();
        let kinds = [VerdictKind::Clear, VerdictKind::Shortcut];
        for (model, kind) in results.models.iter_mut().zip(kinds) {
            (model.verdict.kind, model.expected) = (kind, Some(kind));
        }
        let failures = |results: &Results| {
            let text = render(results).expect("it can be written");
            let report = Report::deserialize_from_str(&text).expect("it can be read again");
            assert_eq!(report.tests, results.models.len());
            report.failures
        };
        assert_eq!(failures(&results), 0);
        results.models[1].expected = None;
        assert_eq!(failures(&results), 1, "a shortcut that nobody expects");
        results.models[0].expected = Some(VerdictKind::Shortcut);
        results.models[0].name = "</testcase>&\u{1}".to_owned();
        assert_eq!(failures(&results), 2, "a shortcut that was not found");
    }
}
