//! Values to positions, and which values get a tick. Pure; knows no pixel.

use crate::format;

/// An axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// Equal differences take equal room.
    Linear { low: f64, high: f64 },
    /// Equal ratios take equal room.
    Log { low: f64, high: f64 },
}

/// What an axis counts: decides round numbers and labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Microseconds, labelled `10 ms`.
    Time,
    /// Bytes, labelled `1.5 KiB`, round in powers of 1,024.
    Bytes,
    /// A number, labelled `1.2 k`.
    Count,
    /// Seconds, labelled without their unit.
    Seconds,
}

impl Unit {
    /// The label of a round value.
    pub(super) fn label(self, value: f64) -> String {
        match self {
            Self::Time => format::without_trailing_zeros(&format::time_us(value)),
            Self::Bytes => format::without_trailing_zeros(&format::bytes(value)),
            Self::Count => format::short_count(value),
            Self::Seconds => format::typed(value),
        }
    }
}

impl Scale {
    /// A logarithmic axis over all positive values, from and to a round number (1, 2 or 5 times a power of ten)
    /// and over a decade at least, widened downwards to 1 at most. `None` where no value is positive.
    pub(super) fn log_over(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (mut low, mut high) = (f64::INFINITY, 0.0f64);
        for value in values.into_iter().filter(|value| value.is_finite() && *value > 0.0) {
            (low, high) = (low.min(value), high.max(value));
        }
        if high == 0.0 {
            return None;
        }
        let (mut low, mut high) = (round_below(low), round_above(high));
        while high / low < 10.0 {
            high = round_above(high * 1.1);
            if low > 1.0 && high / low < 10.0 {
                low = round_below(low * 0.9);
            }
        }
        Some(Self::Log { low, high })
    }

    /// A linear axis from zero to `high` exactly: its ticks end below.
    pub(super) fn linear_to(high: f64) -> Self {
        Self::Linear { low: 0.0, high: if high.is_finite() && high > 0.0 { high } else { 1.0 } }
    }

    /// Where a value stands: 0 at the lower end, 1 at the upper. Values outside are put on the end; zero and less
    /// stand at the lower end of a logarithmic axis.
    pub(super) fn share(&self, value: f64) -> f64 {
        let share = match *self {
            Self::Linear { low, high } => (value - low) / (high - low),
            Self::Log { low, high } => (value.max(low) / low).ln() / (high / low).ln(),
        };
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }

    /// Round values for ticks, about `wanted` of them.
    pub(super) fn ticks(&self, unit: Unit, wanted: usize) -> Vec<f64> {
        let wanted = wanted.max(2);
        match *self {
            Self::Linear { low, high } => {
                let step = linear_step(high - low, unit, wanted);
                let first = (low / step - 1e-9).ceil() as i64;
                let last = (high / step + 1e-9).floor() as i64;
                (first..=last).map(|at| at as f64 * step).collect()
            }
            Self::Log { low, high } => log_ticks(low, high, wanted),
        }
    }
}

fn log_ticks(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let inside = |value: &f64| *value >= low * (1.0 - 1e-9) && *value <= high * (1.0 + 1e-9);
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let of = |digits: &[f64], every: i32| -> Vec<f64> {
        let decades = (first..=last).filter(|decade| decade.rem_euclid(every) == 0);
        decades
            .flat_map(|decade| digits.iter().map(move |digit| digit * 10f64.powi(decade)))
            .filter(inside)
            .collect()
    };
    // The richest set that is not too rich.
    let sets: [(&[f64], i32); 6] =
        [(&[1.0, 2.0, 5.0], 1), (&[1.0, 3.0], 1), (&[1.0], 1), (&[1.0], 2), (&[1.0], 3), (&[1.0], 4)];
    sets.iter()
        .map(|(digits, every)| of(digits, *every))
        .find(|ticks| ticks.len() <= wanted)
        .unwrap_or_default()
}

/// The largest of 1, 2, 5 times a power of ten that is not above `value`.
fn round_below(value: f64) -> f64 {
    let power = 10f64.powi(value.log10().floor() as i32);
    let digit = value / power * (1.0 + 1e-9);
    power
        * if digit >= 5.0 {
            5.0
        } else if digit >= 2.0 {
            2.0
        } else {
            1.0
        }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `value`.
fn round_above(value: f64) -> f64 {
    let power = 10f64.powi(value.log10().floor() as i32);
    let digit = value / power * (1.0 - 1e-9);
    power
        * if digit > 5.0 {
            10.0
        } else if digit > 2.0 {
            5.0
        } else if digit > 1.0 {
            2.0
        } else {
            1.0
        }
}

fn linear_step(span: f64, unit: Unit, ticks: usize) -> f64 {
    let rough = span / ticks.max(1) as f64;
    let base = match unit {
        Unit::Bytes if span >= 1024.0 => 1024f64.powi((span.ln() / 1024f64.ln()).floor() as i32),
        _ => 1.0,
    };
    // However few ticks are wanted, one beside zero must fit.
    let step = round_above(rough / base).min(round_below(span / base)) * base;
    match unit {
        // Half a socket or half a byte is not a tick.
        Unit::Bytes | Unit::Count => step.max(if span >= 1.0 && unit == Unit::Bytes { 1.0 } else { 0.0 }),
        Unit::Time | Unit::Seconds => step,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(scale: Scale, unit: Unit, wanted: usize) -> Vec<String> {
        scale.ticks(unit, wanted).into_iter().map(|value| unit.label(value)).collect()
    }

    #[test]
    fn logarithmic_ticks_are_decades_unless_there_is_room_for_more() {
        let wide = Scale::log_over([900.0, 1_000_000.0]).unwrap();
        assert_eq!(labels(wide, Unit::Time, 5), ["1 ms", "10 ms", "100 ms", "1 s"]);
        let narrow = Scale::log_over([1_100.0, 4_000.0]).unwrap();
        assert_eq!(labels(narrow, Unit::Time, 6), ["1 ms", "2 ms", "5 ms", "10 ms"]);
        let huge = Scale::log_over([1.0, 600e6]).unwrap();
        assert_eq!(labels(huge, Unit::Time, 5), ["1 µs", "100 µs", "10 ms", "1 s", "100 s"]);
    }

    #[test]
    fn linear_ticks_are_round_in_their_unit() {
        let table: [(f64, Unit, &[&str]); 5] = [
            (1_000.0, Unit::Count, &["0", "200", "400", "600", "800", "1 k"]),
            (28_311.0, Unit::Count, &["0", "10 k", "20 k"]),
            (700.0, Unit::Bytes, &["0 B", "200 B", "400 B", "600 B"]),
            (6_000.0, Unit::Bytes, &["0 B", "2 KiB", "4 KiB"]),
            (38.0, Unit::Seconds, &["0", "10", "20", "30"]),
        ];
        for (high, unit, expected) in table {
            assert_eq!(labels(Scale::linear_to(high), unit, 5), expected, "{high}");
        }
    }

    #[test]
    fn zeros_and_nothing_are_survived() {
        assert_eq!(Scale::log_over([0.0, -1.0, f64::NAN]), None);
        let log = Scale::log_over([0.0, 50.0]).unwrap();
        assert!((log.share(0.0) - 0.0).abs() < 1e-12);
        assert!((Scale::linear_to(0.0).share(0.0) - 0.0).abs() < 1e-12);
        assert!(log.share(f64::NAN).is_finite());
    }

    proptest! {
        #[test]
        fn positions_rise_with_values_and_ticks_lie_inside(
            values in proptest::collection::vec(1.0f64..1e9, 1..20), wanted in 2usize..9,
        ) {
            let high = values.iter().copied().fold(0.0, f64::max);
            for scale in [Scale::log_over(values.clone()).unwrap(), Scale::linear_to(high)] {
                let mut sorted = values.clone();
                sorted.sort_by(f64::total_cmp);
                let shares: Vec<f64> = sorted.iter().map(|value| scale.share(*value)).collect();
                prop_assert!(shares.windows(2).all(|pair| pair[0] <= pair[1] + 1e-12));
                prop_assert!(shares[0] >= 0.0 && shares[shares.len() - 1] <= 1.0);
                let ticks = scale.ticks(Unit::Count, wanted);
                prop_assert!(ticks.len() >= 2 || matches!(scale, Scale::Log { .. }), "{ticks:?}");
                prop_assert!(ticks.len() <= wanted + 2, "{ticks:?}");
            }
        }
    }
}
