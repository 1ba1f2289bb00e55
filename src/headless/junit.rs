//! What came of a sequence as JUnit's XML, which test servers read: a test case a step.

use std::fmt::Write as _;
use std::time::Duration;

use super::run::name;
use crate::engine::{JobEnd, SequenceFigures};
use crate::sequence::{Sequence, StepState};

/// The report of the last run; that others failed is a case of its own.
pub(super) fn report(sequence: &Sequence, figures: &SequenceFigures) -> String {
    let cases: Vec<Case> = cases(sequence, figures);
    let count = |wanted: fn(&Outcome) -> bool| cases.iter().filter(|case| wanted(&case.outcome)).count();
    let failures = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped));
    let time = seconds(cases.iter().map(|case| case.took).sum());
    let suite = escape(if sequence.name.is_empty() { "sequence" } else { &sequence.name });
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned();
    let head = format!("name=\"{suite}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\"", cases.len());
    // A String takes everything.
    let _ = writeln!(xml, "  <testsuite {head} skipped=\"{skipped}\" time=\"{time}\">");
    for case in &cases {
        let (name, time) = (escape(&case.name), seconds(case.took));
        let _ = write!(xml, "    <testcase classname=\"{suite}\" name=\"{name}\" time=\"{time}\"");
        let _ = match &case.outcome {
            Outcome::Passed => writeln!(xml, "/>"),
            Outcome::Skipped => writeln!(xml, "><skipped/></testcase>"),
            Outcome::Failed(reason) => {
                let reason = escape(reason);
                writeln!(xml, "><failure message=\"{reason}\">{reason}</failure></testcase>")
            }
        };
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

struct Case {
    name: String,
    took: Duration,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    /// Its turn did not come, or it was stopped.
    Skipped,
    Failed(String),
}

fn cases(sequence: &Sequence, figures: &SequenceFigures) -> Vec<Case> {
    let mut failed_here = false;
    let states = (0..sequence.steps.len()).map(|at| figures.steps.get(at).cloned().unwrap_or_default());
    let steps = sequence.steps.iter().zip(states).enumerate().map(|(at, (step, state))| {
        let (took, outcome) = match state {
            StepState::Passed { took, .. } => (took, Outcome::Passed),
            StepState::Failed { took, reason } => (took, Outcome::Failed(reason)),
            StepState::Waiting | StepState::Running | StepState::Stopped => (Duration::ZERO, Outcome::Skipped),
        };
        failed_here |= matches!(outcome, Outcome::Failed(_));
        Case { name: format!("step {}: {}", at + 1, name(step)), took, outcome }
    });
    let mut cases: Vec<_> = steps.collect();
    let mut more = |reason: String| {
        cases.push(Case { name: "all runs".to_owned(), took: Duration::ZERO, outcome: Outcome::Failed(reason) });
    };
    match (&figures.failure, &figures.end) {
        (Some(failure), _) if !failed_here || figures.failed > 1 => {
            let runs = figures.passed + figures.failed;
            let (run, step) = (failure.run, failure.step + 1);
            more(format!(
                "{} of {runs} runs failed, last run {run} in step {step}: {}",
                figures.failed, failure.reason
            ));
        }
        (None, Some(JobEnd::Failed(error))) => more(error.to_string()),
        (None, Some(JobEnd::GivenUp) | None) => more("the sequence was not run to its end".to_owned()),
        _ => {}
    }
    cases
}

fn seconds(time: Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}

/// Text as XML 1.0 takes it (§2.2, §2.4): what it has no place for is a replacement character.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => drop(write!(escaped, "&#{};", u32::from(c))),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::StepFailure;
    use crate::message::Message;
    use crate::sequence::{Expect, Step};
    use std::sync::Arc;

    #[test]
    fn each_step_is_a_case() {
        let expect = Expect { text: "2<20".into(), ..Expect::default() };
        let message = Message { text: "QUIT\n".into(), ..Message::default() };
        let steps = vec![Step::Send(message), Step::Expect(expect), Step::Close];
        let sequence = Sequence { name: "a & \"b\"".into(), steps };
        let took = Duration::from_millis(1_250);
        let reason = "waited 5 s for `2<20`; 1 byte came: `\u{1}`".to_owned();
        let states = vec![
            StepState::Passed { took, found: None },
            StepState::Failed { took, reason: reason.clone() },
            StepState::Waiting,
        ];
        let mut figures = SequenceFigures {
            run: 1,
            failed: 1,
            steps: Arc::new(states),
            failure: Some(StepFailure { run: 1, step: 1, reason }),
            end: Some(JobEnd::Done),
            ..SequenceFigures::default()
        };
        let failure = "waited 5 s for `2&lt;20`; 1 byte came: `\u{fffd}`";
        let expected = format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="a &amp; &quot;b&quot;" tests="3" failures="1" errors="0" skipped="1" time="2.500">
    <testcase classname="a &amp; &quot;b&quot;" name="step 1: send QUIT" time="1.250"/>
    <testcase classname="a &amp; &quot;b&quot;" name="step 2: expect 2&lt;20" time="1.250"><failure message="{failure}">{failure}</failure></testcase>
    <testcase classname="a &amp; &quot;b&quot;" name="step 3: close" time="0.000"><skipped/></testcase>
  </testsuite>
</testsuites>
"#
        );
        assert_eq!(report(&sequence, &figures), expected);
        // A run that failed before the last one is told too.
        let passed = StepState::Passed { took, found: None };
        (figures.steps, figures.passed) = (Arc::new(vec![passed; 3]), 1);
        assert!(report(&sequence, &figures).contains("1 of 2 runs failed, last run 1 in step 2"));
        figures = SequenceFigures::default();
        assert!(report(&sequence, &figures).contains("not run to its end"));
    }
}
