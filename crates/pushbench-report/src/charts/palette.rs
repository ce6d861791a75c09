//! Which transport has which colour, on every chart.
//!
//! Okabe–Ito colours, which people with any kind of colour vision tell apart; the order keeps the lightness of
//! the first four apart too, for print in grey. Transports of one kind share the hue and differ in lightness and
//! dash.

use plotters::style::RGBColor;

/// The page.
pub(super) const PAPER: RGBColor = RGBColor(255, 255, 255);
/// Titles and values.
pub(super) const TEXT: RGBColor = RGBColor(34, 34, 34);
/// Explanations and tick labels.
pub(super) const FAINT_TEXT: RGBColor = RGBColor(92, 92, 92);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(226, 226, 226);
/// Axes and leaders.
pub(super) const AXIS: RGBColor = RGBColor(150, 150, 150);
/// Stretches of time that are not counted.
pub(super) const SHADE: RGBColor = RGBColor(240, 240, 240);
/// Whatever makes a figure invalid; limits.
pub(super) const ALARM: RGBColor = RGBColor(176, 0, 32);
/// Lines that belong to no transport.
pub(super) const NEUTRAL: RGBColor = RGBColor(60, 60, 60);

/// By position in the table of transports; further ones begin again.
const KINDS: [RGBColor; 7] = [
    RGBColor(213, 94, 0),    // vermillion
    RGBColor(230, 159, 0),   // orange
    RGBColor(0, 114, 178),   // blue
    RGBColor(204, 121, 167), // reddish purple
    RGBColor(0, 158, 115),   // bluish green
    RGBColor(86, 180, 233),  // sky blue
    RGBColor(40, 40, 40),    // black
];

/// Lengths of strokes and gaps in pixels; empty for a solid line.
pub(super) type Dash = &'static [f64];

const DASHES: [Dash; 4] = [&[], &[16.0, 8.0], &[5.0, 6.0], &[20.0, 6.0, 5.0, 6.0]];

/// How one transport is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ink {
    /// Colour of lines, bars and labels.
    pub(super) color: RGBColor,
    /// Dash of lines.
    pub(super) dash: Dash,
}

/// The ink of the `variant`-th transport (from 0) of a kind.
pub(super) fn ink(kind_index: usize, variant: usize) -> Ink {
    let hue = KINDS[kind_index % KINDS.len()];
    let color = match variant % DASHES.len() {
        0 => hue,
        1 => mix(hue, RGBColor(0, 0, 0), 0.38),
        2 => mix(hue, PAPER, 0.36),
        _ => mix(hue, RGBColor(0, 0, 0), 0.62),
    };
    Ink { color, dash: DASHES[variant % DASHES.len()] }
}

/// The ink of a transport in the `run`-th run (from 0) of a comparison: solid in the first, further ones dashed and of
/// another lightness.
pub(super) fn in_run(ink: Ink, run: usize) -> Ink {
    let dash = if run == 0 { DASHES[0] } else { DASHES[1 + (run - 1) % (DASHES.len() - 1)] };
    let black = RGBColor(0, 0, 0);
    let towards = if lightness(ink.color) < 0.35 { PAPER } else { black };
    let color = mix(ink.color, towards, [0.0, 0.42, 0.62][run.min(2)]);
    Ink { color, dash }
}

/// The colour of the `part`-th part of a stacked bar: the transport's own, then lighter and lighter.
pub(super) fn tint(color: RGBColor, part: usize) -> RGBColor {
    const TOWARDS_PAPER: [f64; 5] = [0.0, 0.38, 0.6, 0.77, 0.89];
    mix(color, PAPER, TOWARDS_PAPER[part.min(TOWARDS_PAPER.len() - 1)])
}

/// `share` of `b` in `a`.
pub(super) fn mix(a: RGBColor, b: RGBColor, share: f64) -> RGBColor {
    let channel = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    RGBColor(channel(a.0, b.0), channel(a.1, b.1), channel(a.2, b.2))
}

/// Perceived lightness (CIE L*), 0 (black) to 1: what remains in a print in grey.
pub(super) fn lightness(color: RGBColor) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2);
    if luminance > 0.008_856 { 1.16 * luminance.cbrt() - 0.16 } else { 9.033 * luminance }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_four_kinds_differ_in_grey() {
        let mut greys: Vec<f64> = KINDS[..4].iter().map(|color| lightness(*color)).collect();
        greys.sort_by(f64::total_cmp);
        assert!(greys.windows(2).all(|pair| pair[1] - pair[0] > 0.06), "{greys:?}");
    }

    #[test]
    fn variants_of_a_kind_differ_in_lightness_and_dash() {
        for kind in 0..KINDS.len() {
            for a in 0..4 {
                for b in 0..a {
                    assert_ne!(ink(kind, a).color, ink(kind, b).color);
                    assert_ne!(ink(kind, a).dash, ink(kind, b).dash);
                }
            }
        }
    }

    #[test]
    fn runs_of_a_comparison_differ_in_lightness_and_dash() {
        for kind in 0..KINDS.len() {
            let of = |run| in_run(ink(kind, 0), run);
            assert_eq!(of(0), ink(kind, 0));
            for (a, b) in [(0, 1), (1, 2), (0, 2)] {
                assert!((lightness(of(a).color) - lightness(of(b).color)).abs() > 0.06, "{kind}: {a} {b}");
                assert_ne!(of(a).dash, of(b).dash);
            }
        }
    }

    #[test]
    fn parts_of_a_bar_get_lighter() {
        for part in 1..5 {
            assert!(
                lightness(tint(KINDS[0], part)) > lightness(tint(KINDS[0], part - 1)) + 0.03,
                "part {part}"
            );
        }
    }
}
