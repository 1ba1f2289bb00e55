//! What came of the requests to one host.

use std::time::Duration;

/// The figures of one host.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) sent: u64,
    pub(super) answered: u64,
    /// The network said that there is no way.
    pub(super) refused: u64,
    least: Option<Duration>,
    most: Duration,
    sum: Duration,
}

impl Figures {
    /// Counts an answer.
    pub(super) fn answered(&mut self, after: Duration) {
        self.answered += 1;
        self.least = Some(self.least.map_or(after, |least| least.min(after)));
        self.most = self.most.max(after);
        self.sum = self.sum.saturating_add(after);
    }

    /// `4 sent, 3 answered, 1 without an answer (25 %); 0.031 / 0.045 / 0.060 ms least / mean / most`.
    pub(super) fn words(&self) -> String {
        let lost = self.sent.saturating_sub(self.answered);
        let tenths = (lost * 1_000 + self.sent / 2) / self.sent.max(1);
        let percent = if tenths.is_multiple_of(10) {
            (tenths / 10).to_string()
        } else {
            format!("{}.{}", tenths / 10, tenths % 10)
        };
        let mut words =
            format!("{} sent, {} answered, {lost} without an answer ({percent} %)", self.sent, self.answered);
        if self.refused > 0 {
            words.push_str(&format!(", of which the network refused {}", self.refused));
        }
        if let Some(least) = self.least {
            let mean = self.sum.as_secs_f64() / self.answered as f64 * 1e3;
            words.push_str(&format!("; {} / {mean:.3} / {} ms least / mean / most", ms(least), ms(self.most)));
        }
        words
    }
}

/// Milliseconds with microseconds.
pub(super) fn ms(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_and_times_are_summed_up() {
        let mut figures = Figures { sent: 3, ..Figures::default() };
        assert_eq!(figures.words(), "3 sent, 0 answered, 3 without an answer (100 %)");
        figures.answered(Duration::from_micros(30));
        figures.answered(Duration::from_micros(50));
        figures.refused = 1;
        assert_eq!(
            figures.words(),
            "3 sent, 2 answered, 1 without an answer (33.3 %), of which the network refused 1; \
             0.030 / 0.040 / 0.050 ms least / mean / most"
        );
        assert_eq!(Figures::default().words(), "0 sent, 0 answered, 0 without an answer (0 %)");
    }
}
