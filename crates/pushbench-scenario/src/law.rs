//! Laws of times drawn at random: how long a client stays, how long the next part of an answer takes.
//!
//! A law draws from a generator it is handed; which generator that is, and so which draw belongs to what, is the schedule's.

use std::fmt;
use std::time::Duration;

use pushbench_transport::Period;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp, LogNormal};
use serde::{Deserialize, Serialize};

/// z of the 99th percentile of the normal distribution.
pub(crate) const Z99: f64 = 2.326_347_874_040_841;

/// A law of times, in nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// Always the same.
    Constant(u64),
    /// Uniform over both ends.
    Uniform {
        /// Shortest.
        min_ns: u64,
        /// Longest.
        max_ns: u64,
    },
    /// Exponential: what is left has nothing to do with what has passed.
    Exponential {
        /// Mean.
        mean_ns: u64,
    },
    /// Log-normal.
    LogNormal {
        /// Median.
        p50_ns: u64,
        /// 99th percentile.
        p99_ns: u64,
    },
    /// One recorded time after the other, from a place drawn at random on, and from the beginning again. Not empty.
    Replay(Vec<u64>),
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time_ns: &u64| Period::from_duration(Duration::from_nanos(*time_ns));
        match self {
            Self::Constant(time_ns) => write!(f, "{}", time(time_ns)),
            Self::Uniform { min_ns, max_ns } => write!(f, "{} to {}", time(min_ns), time(max_ns)),
            Self::Exponential { mean_ns } => write!(f, "{} (exponential)", time(mean_ns)),
            Self::LogNormal { p50_ns, p99_ns } => {
                write!(f, "{} (p50) to {} (p99)", time(p50_ns), time(p99_ns))
            }
            Self::Replay(times) => {
                write!(f, "{} recorded times of {:.1} ms in the mean", times.len(), self.mean_ns() / 1e6)
            }
        }
    }
}

impl Law {
    /// `count` times, one after the other.
    #[must_use]
    pub fn draw(&self, count: usize, rng: &mut ChaCha8Rng) -> Vec<u64> {
        match self {
            Self::Replay(times) if times.is_empty() => vec![0; count],
            Self::Replay(times) => {
                let from = rng.random_range(0..times.len());
                times.iter().copied().cycle().skip(from).take(count).collect()
            }
            _ => (0..count).map(|_| self.one(rng)).collect(),
        }
    }

    fn one(&self, rng: &mut ChaCha8Rng) -> u64 {
        match self {
            Self::Constant(time_ns) => *time_ns,
            Self::Uniform { min_ns, max_ns } => rng.random_range(*min_ns..=*max_ns),
            Self::Exponential { mean_ns } => {
                Exp::new(1.0 / *mean_ns as f64).map_or(*mean_ns, |law| law.sample(rng).round() as u64)
            }
            Self::LogNormal { p50_ns, p99_ns } => {
                let mu = (*p50_ns as f64).ln();
                let sigma = ((*p99_ns as f64).ln() - mu) / Z99;
                LogNormal::new(mu, sigma.max(0.0)).map_or(*p50_ns, |law| law.sample(rng).round() as u64)
            }
            Self::Replay(_) => self.draw(1, rng).first().copied().unwrap_or_default(),
        }
    }

    /// The mean, in nanoseconds.
    #[must_use]
    pub fn mean_ns(&self) -> f64 {
        match self {
            Self::Constant(time_ns) => *time_ns as f64,
            Self::Uniform { min_ns, max_ns } => f64::midpoint(*min_ns as f64, *max_ns as f64),
            Self::Exponential { mean_ns } => *mean_ns as f64,
            Self::LogNormal { p50_ns, p99_ns } => {
                let (p50, p99) = (*p50_ns as f64, *p99_ns as f64);
                let sigma = ((p99 / p50).ln() / Z99).max(0.0);
                p50 * (sigma * sigma / 2.0).exp()
            }
            Self::Replay(times) => {
                times.iter().map(|time_ns| *time_ns as f64).sum::<f64>() / times.len().max(1) as f64
            }
        }
    }
}
