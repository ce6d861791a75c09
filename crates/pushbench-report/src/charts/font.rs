//! The embedded typeface: how wide a text is, where it must be cut or broken, and which pixels it covers.
//!
//! Glyphs are set with their bearings and at fractions of a pixel. Nothing of the system is used, so a chart
//! looks the same on every machine.

use ab_glyph::{Font as _, FontRef, Glyph, PxScale, ScaleFont as _, point};
use plotters::style::RGBColor;
use std::sync::LazyLock;

static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| embedded(include_bytes!("../../font/Roboto-Regular.ttf")));
static MEDIUM: LazyLock<FontRef<'static>> =
    LazyLock::new(|| embedded(include_bytes!("../../font/Roboto-Medium.ttf")));

fn embedded(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the embedded font is whole; every test draws with it")
}

/// Height of a capital letter, as a share of the size.
pub(super) const CAP_HEIGHT: f64 = 0.711;

/// Thickness of strokes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// For reading.
    Regular,
    /// For titles and names.
    Medium,
}

/// How a text looks. The size is the em in pixels of the finished picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Type {
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) color: RGBColor,
}

impl Type {
    pub(super) const fn regular(size: f64, color: RGBColor) -> Self {
        Self { size, weight: Weight::Regular, color }
    }

    pub(super) const fn medium(size: f64, color: RGBColor) -> Self {
        Self { size, weight: Weight::Medium, color }
    }

    fn font(self) -> &'static FontRef<'static> {
        match self.weight {
            Weight::Regular => &REGULAR,
            Weight::Medium => &MEDIUM,
        }
    }

    /// The library scales by the height of a line, this module by the em.
    fn scale(self, zoom: f64) -> PxScale {
        let font = self.font();
        let per_em = font.units_per_em().map_or(1.0, |units| font.height_unscaled() / units);
        PxScale::from((self.size * zoom) as f32 * per_em)
    }
}

/// Width of a text in pixels.
pub(super) fn width(text: &str, face: Type) -> f64 {
    let font = face.font().as_scaled(face.scale(1.0));
    text.chars().map(|letter| f64::from(font.h_advance(font.glyph_id(letter)))).sum()
}

/// The text, or its beginning and an ellipsis, in at most `limit` pixels.
pub(super) fn fit(text: &str, face: Type, limit: f64) -> String {
    if width(text, face) <= limit {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let shorter: String = kept.iter().collect::<String>().trim_end().to_owned() + "…";
        if width(&shorter, face) <= limit {
            return shorter;
        }
    }
    String::new()
}

/// The text, or its first words and an ellipsis, in at most `limit` pixels.
pub(super) fn fit_words(text: &str, face: Type, limit: f64) -> String {
    let words = unbreakable(text);
    let cut = |kept: usize| {
        let beginning = words[..kept].join(" ");
        if kept == words.len() { beginning } else { format!("{} …", beginning.trim_end_matches(',')) }
    };
    let fitting = (1..=words.len()).rev().map(cut).find(|text| width(text, face) <= limit);
    fitting.unwrap_or_else(|| fit(text, face, limit))
}

/// The first of several wordings that fits in `limit` pixels; where none does, the beginning of the last.
pub(super) fn first_fitting(wordings: &[String], face: Type, limit: f64) -> String {
    let fitting = wordings.iter().find(|text| width(text, face) <= limit);
    fitting.or(wordings.last()).map(|text| fit(text, face, limit)).unwrap_or_default()
}

/// The text broken at spaces into at most `lines` lines of at most `limit` pixels; what does not fit is cut.
/// No line ends between a number and its unit, or at a no-break space.
pub(super) fn wrap(text: &str, face: Type, limit: f64, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = vec![String::new()];
    for word in unbreakable(text) {
        let last = out.len() - 1;
        let longer = if out[last].is_empty() { word.clone() } else { format!("{} {word}", out[last]) };
        if out.len() == lines || out[last].is_empty() || width(&longer, face) <= limit {
            out[last] = longer;
        } else {
            out.push(word);
        }
    }
    out.into_iter().map(|line| fit(&line, face, limit)).collect()
}

/// Words, a number with its unit being one.
fn unbreakable(text: &str) -> Vec<String> {
    let breaks = |letter: char| letter.is_whitespace() && letter != '\u{a0}';
    let mut words: Vec<String> = Vec::new();
    for word in text.split(breaks).filter(|word| !word.is_empty()) {
        match words.last_mut() {
            Some(before) if before.ends_with(|end: char| end.is_ascii_digit()) && is_unit(word) => {
                *before = format!("{before} {word}");
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// Whether a word, apart from the punctuation after it, is a unit that figures and findings are written in.
fn is_unit(word: &str) -> bool {
    const UNITS: [&str; 16] = [
        "ns",
        "µs",
        "ms",
        "s",
        "min",
        "h",
        "%",
        "B",
        "KiB",
        "MiB",
        "GiB",
        "events/s",
        "event/s",
        "parts/s",
        "asks/s",
        "messages/s",
    ];
    UNITS.contains(&word.trim_end_matches([',', '.', ';', ':', ')', '!', '?']))
}

/// Calls `pixel(x, y, coverage)` for every pixel that the text touches, `zoom` times enlarged. The baseline begins
/// at `(x, y)`, in enlarged pixels.
pub(super) fn raster(
    text: &str,
    face: Type,
    zoom: f64,
    x: f64,
    y: f64,
    mut pixel: impl FnMut(i32, i32, f64),
) {
    let scale = face.scale(zoom);
    let font = face.font().as_scaled(scale);
    let mut pen = x as f32;
    for letter in text.chars() {
        let id = font.glyph_id(letter);
        let glyph = Glyph { id, scale, position: point(pen, y as f32) };
        pen += font.h_advance(id);
        if let Some(outline) = face.font().outline_glyph(glyph) {
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, coverage| {
                pixel(
                    corner.x as i32 + dx.cast_signed(),
                    corner.y as i32 + dy.cast_signed(),
                    f64::from(coverage).clamp(0.0, 1.0),
                );
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACE: Type = Type::regular(22.0, RGBColor(0, 0, 0));

    #[test]
    fn every_letter_that_charts_use_is_in_the_font() {
        for letter in "0123456789 abcxyzABCXYZ–~≤≥×µ…·−%()/,.:;!é\u{a0}".chars() {
            for font in [&*REGULAR, &*MEDIUM] {
                assert_ne!(font.glyph_id(letter).0, 0, "{letter:?}");
            }
        }
    }

    #[test]
    fn a_text_that_fits_is_kept_and_another_cut() {
        assert_eq!(fit("short", FACE, 100.0), "short");
        let cut = fit("a rather long text that cannot fit", FACE, 100.0);
        assert!(cut.ends_with('…') && width(&cut, FACE) <= 100.0, "{cut}");
        assert_eq!(fit("no room", FACE, 1.0), "");
    }

    #[test]
    fn words_are_dropped_from_the_end() {
        let text = "held up to 30 s, server looks";
        let limit = |kept: &str| width(kept, FACE) + 0.1;
        assert_eq!(fit_words(text, FACE, limit(text)), text);
        assert_eq!(fit_words(text, FACE, limit(text) - 1.0), "held up to 30 s, server …");
        assert_eq!(fit_words(text, FACE, limit("held up to 30 s …")), "held up to 30 s …");
        assert_eq!(
            fit_words(text, FACE, limit("held up to 30 …")),
            "held up to …",
            "no number without its unit"
        );
        assert_eq!(fit_words(text, FACE, limit("hel…")), "hel…");
    }

    #[test]
    fn the_longest_wording_that_fits_is_taken() {
        let wordings = ["p50 1.51 ms · p99 5.23 ms".to_owned(), "p50 1.51 ms".to_owned()];
        assert_eq!(first_fitting(&wordings, FACE, 500.0), wordings[0]);
        assert_eq!(first_fitting(&wordings, FACE, width(&wordings[0], FACE) - 1.0), wordings[1]);
        let cut = first_fitting(&wordings, FACE, width(&wordings[1], FACE) - 1.0);
        assert!(cut.starts_with("p50") && cut.ends_with('…'), "{cut}");
        assert_eq!(first_fitting(&[], FACE, 500.0), "");
    }

    #[test]
    fn lines_are_broken_at_spaces_and_limited() {
        let text = "one two three four five six seven eight nine ten eleven twelve";
        let lines = wrap(text, FACE, 200.0, 9);
        assert!(lines.len() > 2 && lines.iter().all(|line| width(line, FACE) <= 200.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
        let two = wrap(text, FACE, 200.0, 2);
        assert!(two.len() == 2 && two[1].ends_with('…'), "{two:?}");
    }

    #[test]
    fn a_number_and_its_unit_stay_in_one_line() {
        let text = "slip p99 6.8 ms (bound 5 ms): 10 clients were busy 84 % of 1\u{a0}000 s";
        for limit in 120..600 {
            let lines = wrap(text, FACE, f64::from(limit), 30);
            assert_eq!(lines.join(" "), text);
            for value in ["6.8 ms", "5 ms):", "84 %", "1\u{a0}000 s"] {
                assert!(lines.iter().any(|line| line.contains(value)), "{value} at {limit}: {lines:?}");
            }
        }
        assert_eq!(unbreakable("10 seconds s"), ["10", "seconds", "s"], "a word is no unit");
    }

    #[test]
    fn pixels_lie_where_the_width_says() {
        let (mut left, mut right) = (i32::MAX, i32::MIN);
        raster("MM", FACE, 2.0, 10.0, 50.0, |x, _, coverage| {
            if coverage > 0.5 {
                (left, right) = (left.min(x), right.max(x));
            }
        });
        let end = 10.0 + 2.0 * width("MM", FACE);
        assert!(
            left >= 10 && f64::from(right) <= end && f64::from(right) > end - 10.0,
            "{left} {right} {end}"
        );
    }
}
