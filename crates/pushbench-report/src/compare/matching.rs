//! Which sides belong together. Pure.

use super::load::{LoadedRun, Side};

/// Pairs, and the sides that found no partner.
pub(super) struct Matched<'a> {
    /// A side of the baseline with one of another run, run by run.
    pub(super) pairs: Vec<(&'a Side, &'a Side)>,
    /// In words.
    pub(super) alone: Vec<String>,
}

/// Sides belong together by label, number of clients and point. Where every run has one label only, the label does not
/// matter: two transports were named to be compared.
pub(super) fn matched(runs: &[LoadedRun]) -> Matched<'_> {
    let [base, others @ ..] = runs else { return Matched { pairs: Vec::new(), alone: Vec::new() } };
    let any_label = runs.iter().all(|run| has_one_label(&run.sides));
    let fits = |a: &Side, b: &Side| {
        a.clients == b.clients && a.point == b.point && (any_label || a.label == b.label)
    };
    let mut matched = Matched { pairs: Vec::new(), alone: Vec::new() };
    for other in others {
        for side in &base.sides {
            match other.sides.iter().find(|candidate| fits(side, candidate)) {
                Some(partner) => matched.pairs.push((side, partner)),
                None => matched.alone.push(alone(side, &base.letter, &other.letter)),
            }
        }
        let strangers =
            other.sides.iter().filter(|side| !base.sides.iter().any(|of_base| fits(of_base, side)));
        matched.alone.extend(strangers.map(|side| alone(side, &other.letter, &base.letter)));
    }
    matched
}

fn has_one_label(sides: &[Side]) -> bool {
    sides.windows(2).all(|pair| pair[0].label == pair[1].label)
}

/// A side of a run that another run does not have.
pub(super) fn alone(side: &Side, of: &str, missing_in: &str) -> String {
    format!("{} in {of} has no partner in {missing_in}", side.name())
}

/// What each run has, for people who find that nothing fits.
pub(super) fn sides_in_words(runs: &[LoadedRun]) -> Vec<String> {
    let words = |run: &LoadedRun| {
        let sides: Vec<String> = run.sides.iter().map(Side::name).collect();
        format!("{} has {}", run.selection.folder.display(), sides.join("; "))
    };
    runs.iter().map(words).collect()
}
