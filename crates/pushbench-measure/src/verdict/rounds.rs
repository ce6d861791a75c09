//! The verdict over several rounds: of each condition the worst round's.

use super::{BOUNDS, Finding, Level};

/// Of every condition the finding of the worst round: the highest level, then the highest value. With several rounds a
/// doubt names the rounds that share its level.
#[must_use]
pub fn over_rounds(rounds: &[(u32, &[Finding])]) -> Vec<Finding> {
    let worst = |bound: &super::Bound| {
        let all = || {
            rounds.iter().flat_map(|(round, findings)| {
                let of = findings.iter().filter(|finding| finding.condition == bound.condition);
                of.map(|finding| (*round, finding))
            })
        };
        let worse = |a: &Finding, b: &Finding| a.level.cmp(&b.level).then(a.value.total_cmp(&b.value));
        let (_, worst) = all().max_by(|(_, a), (_, b)| worse(a, b))?;
        if worst.level == Level::Ok || rounds.len() < 2 {
            return Some(worst.clone());
        }
        let alike = all().filter(|(_, finding)| finding.level == worst.level).map(|(round, _)| round);
        Some(worst.clone().of_rounds(alike.collect()))
    };
    BOUNDS.iter().filter_map(worst).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Condition, Observed, judge};

    fn busy(share: f64) -> Vec<Finding> {
        judge(&Observed { worker_busy: Some(share), ..Observed::default() })
    }

    #[test]
    fn the_worst_round_counts_and_is_named() {
        let rounds = [busy(0.97), busy(0.2), busy(0.99), busy(0.85)];
        let all: Vec<(u32, &[Finding])> = (1..).zip(rounds.iter().map(Vec::as_slice)).collect();
        let findings = over_rounds(&all);
        assert_eq!(findings.len(), rounds[0].len());
        let busiest = findings.iter().find(|finding| finding.condition == Condition::WorkerBusy).unwrap();
        assert_eq!((busiest.level, busiest.value), (Level::Breach, 0.99));
        assert!(busiest.text.starts_with("rounds 1, 3: busiest worker 99 % busy: "), "{}", busiest.text);
        assert_eq!((busiest.fact(), busiest.rounds.as_slice()), ("busiest worker 99 % busy", &[1, 3][..]));
        let lost = findings.iter().find(|finding| finding.condition == Condition::Lost).unwrap();
        assert_eq!(lost.text, "0 expected events lost", "nothing to doubt, no round to name");
    }

    #[test]
    fn one_round_is_not_numbered_and_one_that_was_not_judged_hides_nothing() {
        let one = busy(0.97);
        assert_eq!(over_rounds(&[(1, &one)]), one);
        let findings = over_rounds(&[(1, &one), (2, &[])]);
        assert_eq!(findings.len(), one.len());
        let busiest = findings.iter().find(|finding| finding.condition == Condition::WorkerBusy).unwrap();
        assert!(busiest.text.starts_with("round 1: "), "{}", busiest.text);
    }
}
