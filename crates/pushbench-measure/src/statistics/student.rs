//! Student's t distribution: how many standard errors an interval is wide.

use super::CONFIDENCE;

/// Degrees of freedom beyond which the distribution is as good as normal.
const AS_GOOD_AS_NORMAL: f64 = 1e6;

/// Half the width of a [`CONFIDENCE`] interval in standard errors, for a scatter known with `freedom` degrees of
/// freedom (1 or more, also fractions).
pub(super) fn width(freedom: f64) -> f64 {
    let freedom = freedom.clamp(1.0, AS_GOOD_AS_NORMAL);
    let (mut low, mut high) = (1.0, 20.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if beyond(middle, freedom) > 1.0 - CONFIDENCE {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Probability that |T| exceeds `t`: the regularized incomplete beta function at ν/(ν+t²) with ν/2 and 1/2.
fn beyond(t: f64, freedom: f64) -> f64 {
    incomplete_beta(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

/// Regularized incomplete beta function, by its continued fraction (Abramowitz & Stegun 26.5.8).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges fast on one side of the mean only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front = a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b);
    front.exp() / a * continued_fraction(x, a, b)
}

/// The fraction by Lentz's method.
fn continued_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut below = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut above = 1.0;
    let mut fraction = below;
    for step in 1..500 {
        let step = f64::from(step);
        let place = a + 2.0 * step;
        let even = step * (b - step) * x / ((place - 1.0) * place);
        let odd = -(a + step) * (a + b + step) * x / (place * (place + 1.0));
        let before = fraction;
        for coefficient in [even, odd] {
            below = 1.0 / away_from_zero(1.0 + coefficient * below);
            above = away_from_zero(1.0 + coefficient / above);
            fraction *= above * below;
        }
        if (fraction - before).abs() < 1e-14 * fraction.abs() {
            break;
        }
    }
    fraction
}

/// Logarithm of the gamma function for positive arguments: Stirling's series, reached by the recurrence.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 12.0 {
        shift += x.ln();
        x += 1.0;
    }
    let square = x * x;
    let series = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * square)) / square) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widths_are_those_of_the_printed_tables() {
        let table = [
            (1.0, 12.706_205),
            (2.0, 4.302_653),
            (3.0, 3.182_446),
            (4.0, 2.776_445),
            (5.0, 2.570_582),
            (9.0, 2.262_157),
            (30.0, 2.042_272),
            (120.0, 1.979_930),
            (1e9, 1.959_966),
        ];
        for (freedom, expected) in table {
            let found = width(freedom);
            assert!((found - expected).abs() < 5e-6, "{freedom}: {found} instead of {expected}");
        }
        assert!(width(4.0) < width(3.5) && width(3.5) < width(3.0), "fractions lie between");
    }
}
