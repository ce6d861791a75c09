//! What is asked for with `pattern = "stream"`: an answer of several parts that come one after the other.
//!
//! Which answer an ask gets is a pure function of the seed and the ask's number, as all schedules are. Who asks, and what
//! time it is then, is not known here.

use pushbench_transport::envelope;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::law::Law;
use crate::plan::EventSize;
use crate::schedule::{Stream, rng_of_answer, sample_size};

/// `[events]` of a stream: every ask is answered by parts, with pauses between them, and an explicit end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// Number of parts.
    pub parts: Parts,
    /// From the arrival of the ask to the first part being due.
    pub first: Law,
    /// From one part's due time to the next one's.
    pub gap: Law,
    /// A gap between receptions above this is a stall, in nanoseconds.
    pub stall_ns: u64,
}

/// Number of parts of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parts {
    /// Always the same.
    Fixed(u32),
    /// Uniform over both ends.
    Uniform {
        /// Fewest.
        min: u32,
        /// Most.
        max: u32,
    },
}

impl Parts {
    /// The most that an answer may have.
    pub const MOST: u32 = 100_000;

    /// The mean.
    #[must_use]
    pub fn mean(self) -> f64 {
        match self {
            Self::Fixed(parts) => f64::from(parts),
            Self::Uniform { min, max } => f64::midpoint(f64::from(min), f64::from(max)),
        }
    }
}

impl Answers {
    /// The mean time from the arrival of an ask to its last part being due, in nanoseconds.
    #[must_use]
    pub fn mean_length_ns(&self) -> f64 {
        self.first.mean_ns() + (self.parts.mean() - 1.0).max(0.0) * self.gap.mean_ns()
    }

    /// How many parts the answer to ask `k` has, without the rest of it.
    #[must_use]
    pub fn parts_of(&self, seed: u64, k: u64) -> u32 {
        match self.parts {
            Parts::Fixed(parts) => parts,
            Parts::Uniform { min, max } => {
                rng_of_answer(seed, Stream::AnswerParts, k).random_range(min..=max)
            }
        }
    }
}

/// When the parts of an answer come, and how long they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// From the arrival of the ask to the first part being due, in nanoseconds.
    pub first_ns: u64,
    /// From each part but the last to the next one, in nanoseconds.
    pub gaps_ns: Vec<u64>,
    /// Size of each part's payload, in bytes.
    pub sizes: Vec<u32>,
}

impl Answer {
    /// Number of parts.
    #[must_use]
    pub fn parts(&self) -> u32 {
        self.sizes.len() as u32
    }

    /// When each part is due, in nanoseconds since the arrival of the ask; the answer ends with the last.
    pub fn due_offsets_ns(&self) -> impl Iterator<Item = u64> + '_ {
        let add = |due_ns: &mut u64, gap_ns: &u64| {
            *due_ns = due_ns.saturating_add(*gap_ns);
            Some(*due_ns)
        };
        let later = self.gaps_ns.iter().scan(self.first_ns, add);
        std::iter::once(self.first_ns).chain(later).take(self.sizes.len())
    }

    /// From the arrival of the ask to the last part being due, in nanoseconds.
    #[must_use]
    pub fn length_ns(&self) -> u64 {
        self.due_offsets_ns().last().unwrap_or_default()
    }
}

/// Topic names of answers are no longer in bytes: `t` and the digits of a `u32`.
const ANSWER_TOPIC_BYTES: u64 = 11;

/// The answer to ask `k` (from 0) of a run: the same whoever computes it, and nothing to do with any other ask's.
#[must_use]
pub fn answer(answers: &Answers, size: EventSize, seed: u64, k: u64) -> Answer {
    let rng = |stream| rng_of_answer(seed, stream, k);
    let parts = answers.parts_of(seed, k);
    let first_ns = answers.first.draw(1, &mut rng(Stream::AnswerFirst)).first().copied().unwrap_or_default();
    let gaps_ns = answers.gap.draw(parts.saturating_sub(1) as usize, &mut rng(Stream::AnswerGap));
    let smallest = envelope::smallest_size(ANSWER_TOPIC_BYTES) as u32;
    let mut sizes = rng(Stream::AnswerSize);
    let sizes = (0..parts).map(|_| sample_size(size, smallest, &mut sizes)).collect();
    Answer { first_ns, gaps_ns, sizes }
}

/// The longest of the answers to the first so many asks of a run.
#[must_use]
pub(crate) fn longest_of(answers: &Answers, size: EventSize, seed: u64, asks: u64) -> Duration {
    let lengths = (0..asks).map(|k| answer(answers, size, seed, k).length_ns());
    Duration::from_nanos(lengths.max().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(parts: Parts, first: Law, gap: Law) -> Answers {
        Answers { parts, first, gap, stall_ns: 0 }
    }

    #[test]
    fn parts_of_an_answer_are_due_one_gap_after_the_other() {
        let table =
            [(Law::Constant(50), vec![300, 350, 400, 450]), (Law::Replay(vec![7]), vec![300, 307, 314, 321])];
        for (gap, due) in table {
            let answers = answers(Parts::Fixed(4), Law::Constant(300), gap);
            let answer = answer(&answers, EventSize::Fixed(200), 1, 5);
            assert_eq!(answer.due_offsets_ns().collect::<Vec<_>>(), due);
            assert_eq!((answer.parts(), &answer.sizes[..]), (4, &[200; 4][..]));
        }
        let none = answers(Parts::Fixed(0), Law::Constant(300), Law::Constant(1));
        assert_eq!(answer(&none, EventSize::Fixed(200), 1, 5).due_offsets_ns().count(), 0);
    }

    #[test]
    fn an_answer_is_had_without_the_others_and_is_like_none_of_them() {
        let law = |mean_ns| Law::Exponential { mean_ns };
        let answers = answers(Parts::Uniform { min: 10, max: 20 }, law(1_000_000), law(50_000));
        let size = EventSize::Uniform { min: 200, max: 2_000 };
        let of = |seed, k| answer(&answers, size, seed, k);
        let all: Vec<Answer> = (0..2_000).map(|k| of(7, k)).collect();
        assert_eq!(of(7, 1_234), all[1_234]);
        assert_ne!(of(8, 1_234), all[1_234]);
        assert_ne!(all[0].gaps_ns[..9], all[1].gaps_ns[..9]);
        // Neither streams nor answers overlap: 30,000 gaps have the mean of their law.
        let gaps: Vec<u64> = all.iter().flat_map(|answer| answer.gaps_ns.iter().copied()).collect();
        let mean_ns = gaps.iter().sum::<u64>() as f64 / gaps.len() as f64;
        assert!((mean_ns / 50_000.0 - 1.0).abs() < 0.03, "{mean_ns}");
        let mut distinct = gaps.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert!(distinct.len() * 2 > gaps.len(), "{} of {}", distinct.len(), gaps.len());
        let parts = all.iter().map(Answer::parts);
        assert_eq!((parts.clone().min(), parts.max()), (Some(10), Some(20)));
        for (k, answer) in (0..).zip(&all) {
            assert_eq!(answers.parts_of(7, k), answer.parts());
        }
        // Any number is an ask's.
        let _ = of(7, u64::MAX);
    }
}
