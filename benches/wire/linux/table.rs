//! One row of the table: what was measured, what is to be reached, and whether it was.

/// Pairs of a ratio.
pub(super) const PAIRS: usize = 5;

/// The row names that were asked for; none means all.
pub(super) struct Table {
    wanted: Vec<String>,
}

impl Table {
    pub(super) fn new(wanted: Vec<String>) -> Self {
        println!("| what | reach | measured |\n|---|---|---|");
        Self { wanted }
    }

    pub(super) fn wants(&self, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|word| name.contains(word.as_str()))
    }

    /// Measures and prints a row, if it is wanted.
    pub(super) fn row(&self, name: &str, reach: &str, measure: impl FnOnce() -> String) {
        if self.wants(name) {
            println!("| {name} | {reach} | {} |", measure());
        }
    }
}

/// The median, with the smallest and the largest.
pub(super) struct Spread {
    pub(super) low: f64,
    pub(super) median: f64,
    pub(super) high: f64,
}

impl Spread {
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self { low: values[0], median: values[values.len() / 2], high: values[values.len() - 1] }
    }

    /// `0.95 (0.90–1.02)`
    pub(super) fn ratio(&self) -> String {
        format!("{:.2} × ({:.2}–{:.2})", self.median, self.low, self.high)
    }
}

/// Measures both in turn, and returns the ratios of ours to theirs, and the medians of both.
pub(super) fn pairs(mut theirs: impl FnMut() -> f64, mut ours: impl FnMut() -> f64) -> (Spread, f64, f64) {
    let mut both = Vec::new();
    for pair in 0..PAIRS {
        // Who goes first alternates: what a turn leaves behind (memory, clock speed) is shared fairly.
        let (plain, own) = if pair % 2 == 0 {
            let plain = theirs();
            (plain, ours())
        } else {
            let own = ours();
            (theirs(), own)
        };
        both.push((plain, own));
    }
    let ratios = Spread::of(both.iter().map(|(plain, own)| own / plain));
    let median = |pick: fn(&(f64, f64)) -> f64| Spread::of(both.iter().map(pick)).median;
    (ratios, median(|pair| pair.0), median(|pair| pair.1))
}

/// The value below which `part` (0…1) of them lie (nearest rank).
pub(super) fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (part * values.len() as f64).ceil() as usize;
    values[rank.clamp(1, values.len()) - 1]
}
