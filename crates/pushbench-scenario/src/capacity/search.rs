//! The search itself: which value is tried next, from which of those before passed.
//!
//! Doubling until a value fails or the upper end is reached, then bisecting until the bounds are close, then a repeat at
//! the value that was found; if the repeat fails, it goes on below. Knows no clock, no clients and no transport: values are
//! whole numbers of some unit.

/// How often a value is measured before it counts as failed, where it fails by what befalls a machine now and then.
const LOOKS: u32 = 3;
/// Repeats that may fail before the search ends without a confirmed value.
const MOST_REPEATS: u32 = 3;
/// Digits that a bisecting value has, where the bounds leave room: nobody needs more, and people remember fewer.
const DIGITS: u32 = 3;

/// A search under way.
#[derive(Debug, Clone)]
pub struct Search {
    from: u64,
    to: u64,
    /// How far apart the bounds may be, as a share of the lower one.
    precision: f64,
    probes_left: u32,
    repeats_left: u32,
    /// At the value that is asked for.
    looks_left: u32,
    /// Values that passed, ascending: where a repeat fails at the last, the one before is the lower bound again.
    passed: Vec<u64>,
    /// The lowest value that failed.
    failed: Option<u64>,
    confirmed: bool,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// A value that was not tried yet.
    Probe(u64),
    /// The value that was found, once more.
    Repeat(u64),
    /// Nothing: this is the answer.
    End(Answer),
}

/// What came of what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The value passed.
    Passed,
    /// It failed.
    Failed,
    /// It failed by something that has happened to the machine, and may not happen again.
    FailedByChance,
}

/// What a search made of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is part of the answer.
    AsAnswer,
    /// It says nothing: the same is asked for again, unless the probes are used up.
    AsChance,
}

/// What a search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The highest value that passed, and did not fail when it was repeated; `None`: not even the first did.
    pub found: Option<u64>,
    /// The lowest value that failed; `None`: the upper end passed.
    pub failed: Option<u64>,
    /// Whether a repeat at `found` passed.
    pub confirmed: bool,
    /// Whether `found` and `failed` are as close as they were to be; not so where the probes were used up before.
    pub close: bool,
}

impl Search {
    /// A search from `from`, at least 1, up to `to`, of so many probes at most.
    #[must_use]
    pub fn new(from: u64, to: u64, precision: f64, probes: u32) -> Self {
        Self {
            from: from.max(1),
            to: to.max(from).max(1),
            precision,
            probes_left: probes,
            repeats_left: MOST_REPEATS,
            looks_left: LOOKS,
            passed: Vec::new(),
            failed: None,
            confirmed: false,
        }
    }

    /// What is to be done next. The same until its outcome is told.
    #[must_use]
    pub fn next(&self) -> Next {
        let wanted = match (self.passed.last(), self.failed) {
            (None, None) => Some(Next::Probe(self.from)),
            (None, Some(_)) => None,
            (Some(low), None) if *low < self.to => Some(Next::Probe(low.saturating_mul(2).min(self.to))),
            (Some(low), Some(high)) if !self.is_close(*low, high) => Some(Next::Probe(middle(*low, high))),
            (Some(_), _) if self.confirmed || self.repeats_left == 0 => None,
            (Some(low), _) => Some(Next::Repeat(*low)),
        };
        match wanted.filter(|_| self.probes_left > 0) {
            Some(next) => next,
            None => Next::End(self.answer()),
        }
    }

    /// Takes in what came of what [`next`](Self::next) asked for. Whatever it was, it was a probe.
    pub fn tell(&mut self, outcome: Outcome) -> Taken {
        let asked = self.next();
        self.probes_left = self.probes_left.saturating_sub(1);
        if outcome == Outcome::FailedByChance && self.looks_left > 1 {
            self.looks_left -= 1;
            return Taken::AsChance;
        }
        self.looks_left = LOOKS;
        match (asked, outcome == Outcome::Passed) {
            (Next::Probe(value), true) => self.passed.push(value),
            (Next::Probe(value), false) => self.failed = Some(value),
            (Next::Repeat(_), true) => self.confirmed = true,
            (Next::Repeat(value), false) => {
                self.failed = Some(value);
                self.passed.pop();
                self.repeats_left -= 1;
            }
            (Next::End(_), _) => {}
        }
        Taken::AsAnswer
    }

    /// What is known now.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let found = self.passed.last().copied();
        let close = match (found, self.failed) {
            (Some(low), Some(high)) => self.is_close(low, high),
            (Some(low), None) => low == self.to,
            (None, failed) => failed.is_some(),
        };
        Answer { found, failed: self.failed, confirmed: self.confirmed, close }
    }

    fn is_close(&self, low: u64, high: u64) -> bool {
        high <= low + 1 || high as f64 <= low as f64 * (1.0 + self.precision)
    }
}

/// The geometric mean of two bounds that are at least 2 apart, with few digits where one of such lies between them.
fn middle(low: u64, high: u64) -> u64 {
    let exact = ((low as f64 * high as f64).sqrt().round() as u64).clamp(low + 1, high - 1);
    let unit = 10u64.pow(exact.checked_ilog10().unwrap_or(0).saturating_sub(DIGITS - 1));
    let short = (exact + unit / 2) / unit * unit;
    if low < short && short < high { short } else { exact }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The values that were tried, repeats with a `+`, and the answer.
    fn run(search: Search, mut passes: impl FnMut(u64) -> bool) -> (Vec<String>, Answer) {
        run_with(search, |value| if passes(value) { Outcome::Passed } else { Outcome::Failed })
    }

    /// The same with what was chance as a `?`.
    fn run_with(mut search: Search, mut comes_of: impl FnMut(u64) -> Outcome) -> (Vec<String>, Answer) {
        let mut tried = Vec::new();
        loop {
            let (value, repeat) = match search.next() {
                Next::Probe(value) => (value, ""),
                Next::Repeat(value) => (value, "+"),
                Next::End(answer) => return (tried, answer),
            };
            let outcome = comes_of(value);
            let word = match outcome {
                Outcome::Passed => "",
                Outcome::Failed => "!",
                Outcome::FailedByChance => "?",
            };
            tried.push(format!("{value}{repeat}{word}"));
            search.tell(outcome);
        }
    }

    #[test]
    fn it_doubles_then_bisects_then_repeats() {
        let table = [
            // In the midst.
            ((100, 10_000, 30), 800, "100 200 400 800 1600! 1130! 951! 872! 835! 800+"),
            ((100, 10_000, 30), 1_000, "100 200 400 800 1600! 1130! 951 1040! 995 995+"),
            // The upper end passes, and is repeated as well.
            ((100, 300, 30), 5_000, "100 200 300 300+"),
            ((100, 100, 30), 5_000, "100 100+"),
            // Not even the first.
            ((100, 300, 30), 50, "100!"),
            // Few clients: the next number is close.
            ((1, 100, 30), 3, "1 2 4! 3 3+"),
            ((1, 100, 30), 1, "1 2! 1+"),
            // Too few probes.
            ((100, 10_000, 6), 1_000, "100 200 400 800 1600! 1130!"),
            ((100, 10_000, 3), 1_000, "100 200 400"),
        ];
        for ((from, to, probes), capacity, expected) in table {
            let (tried, _) = run(Search::new(from, to, 0.05, probes), |value| value <= capacity);
            assert_eq!(tried.join(" "), expected, "{from} to {to}, capacity {capacity}");
        }
    }

    #[test]
    fn the_answer_says_what_is_known_of_it() {
        let answer = |from, to, probes, capacity| {
            run(Search::new(from, to, 0.05, probes), |value| value <= capacity).1
        };
        let known = |found, failed, confirmed, close| Answer { found, failed, confirmed, close };
        assert_eq!(answer(100, 10_000, 30, 1_000), known(Some(995), Some(1_040), true, true));
        assert_eq!(answer(100, 300, 30, 5_000), known(Some(300), None, true, true));
        assert_eq!(answer(100, 300, 30, 50), known(None, Some(100), false, true));
        assert_eq!(answer(100, 10_000, 6, 1_000), known(Some(800), Some(1_130), false, false));
        assert_eq!(answer(100, 10_000, 3, 1_000), known(Some(400), None, false, false));
    }

    #[test]
    fn a_repeat_that_fails_is_a_bound_and_the_search_goes_on_below_it() {
        let mut seen = Vec::new();
        let luck = |value| {
            // 995 passes once.
            let again = seen.contains(&value);
            seen.push(value);
            value <= 960 || (value == 995 && !again)
        };
        let (tried, answer) = run(Search::new(100, 10_000, 0.05, 30), luck);
        assert_eq!(tried.join(" "), "100 200 400 800 1600! 1130! 951 1040! 995 995+! 951+");
        assert_eq!((answer.found, answer.failed, answer.confirmed), (Some(951), Some(995), true));

        let (tried, answer) = run(Search::new(100, 400, 0.5, 30), {
            let mut seen = Vec::new();
            move |value| {
                let again = seen.contains(&value);
                seen.push(value);
                !again
            }
        });
        assert_eq!(tried.join(" "), "100 200 400 400+! 283 283+! 200+! 141");
        assert_eq!((answer.found, answer.confirmed), (Some(141), false), "three repeats, no more");
    }

    #[test]
    fn what_fails_by_chance_is_looked_at_again_and_that_is_a_probe() {
        let by_chance_at = |value, times: u32| {
            let mut left = times;
            move |tried| {
                let chance = tried == value && left > 0;
                left -= u32::from(chance);
                match (chance, tried <= 800) {
                    (true, _) => Outcome::FailedByChance,
                    (_, true) => Outcome::Passed,
                    (_, false) => Outcome::Failed,
                }
            }
        };
        let table = [
            (400, 2, 30, "100 200 400? 400? 400 800 1600! 1130! 951! 872! 835! 800+"),
            // What always befalls the machine there is no chance.
            (400, 3, 30, "100 200 400? 400? 400? 283 336 367 383 383+"),
            // A load that is too much anyway.
            (1600, 2, 30, "100 200 400 800 1600? 1600? 1600! 1130! 951! 872! 835! 800+"),
            (400, 2, 4, "100 200 400? 400?"),
        ];
        for (value, times, probes, expected) in table {
            let (tried, _) = run_with(Search::new(100, 10_000, 0.05, probes), by_chance_at(value, times));
            assert_eq!(tried.join(" "), expected, "{times} times at {value}, {probes} probes");
        }
        let (_, answer) = run_with(Search::new(100, 10_000, 0.05, 4), by_chance_at(400, 2));
        assert_eq!((answer.found, answer.failed, answer.close), (Some(200), None, false));
    }

    proptest! {
        #[test]
        fn a_capacity_is_found_within_the_precision_by_few_probes(
            from in 1u64..5_000,
            times in 1u64..5_000,
            share in 0.0f64..1.2,
            percent in 1u32..50,
        ) {
            let (to, precision) = (from * times, f64::from(percent) / 100.0);
            let capacity = (to as f64 * share) as u64;
            let (tried, answer) = run(Search::new(from, to, precision, 100), |value| value <= capacity);
            let doublings = (times as f64).log2().ceil();
            let bisections = (2f64.ln() / precision.ln_1p()).log2().ceil().max(0.0);
            // One more each for rounding to few digits, the first, and the repeat.
            prop_assert!(tried.len() as f64 <= doublings + bisections + 4.0, "{}", tried.join(" "));
            prop_assert!(answer.close);
            match answer.found {
                None => prop_assert!(capacity < from),
                Some(found) => {
                    prop_assert!(found <= capacity && answer.confirmed);
                    let above = found as f64 * (1.0 + precision);
                    prop_assert!(
                        found == to || (capacity as f64) < above.max(found as f64 + 1.0),
                        "{found} of {capacity}"
                    );
                }
            }
        }

        #[test]
        fn a_noisy_oracle_ends_it_all_the_same(
            outcomes in proptest::collection::vec(0..3u8, 40),
            to in 1u64..1_000_000,
            probes in 1u32..40,
        ) {
            let mut outcomes = outcomes.into_iter();
            let (tried, answer) = run_with(Search::new(10, to, 0.02, probes), |_| match outcomes.next() {
                Some(0) => Outcome::Passed,
                Some(1) => Outcome::Failed,
                _ => Outcome::FailedByChance,
            });
            prop_assert!(tried.len() <= probes as usize);
            prop_assert!(answer.found.zip(answer.failed).is_none_or(|(found, failed)| found < failed));
        }
    }
}
