//! What came of one check, and its line for people.

use serde::{Deserialize, Serialize};

use super::{Bound, Condition, Level, Scarce};

/// A condition that was checked, with the value seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which condition.
    pub condition: Condition,
    /// Its outcome.
    pub level: Level,
    /// The value seen, in the unit of the condition.
    pub value: f64,
    /// Above this: a warning.
    #[serde(default)]
    pub warning: Option<f64>,
    /// Above this: a breach. `None` where the condition only ever warns.
    #[serde(default)]
    pub breach: Option<f64>,
    /// Of a finding over several rounds: those that share its level, where it is a doubt; else empty.
    #[serde(default)]
    pub rounds: Vec<u32>,
    /// The value in words; `None` in files that have the line as a whole only.
    #[serde(default)]
    pub fact: Option<String>,
    /// What follows from it and what to do; `None` inside all bounds.
    #[serde(default)]
    pub advice: Option<String>,
    /// Of a limit that was reached: which, where it could be found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scarce: Option<Scarce>,
    /// One line for people: rounds, fact and advice.
    pub text: String,
}

impl Finding {
    /// What came of a check in one round.
    #[must_use]
    pub fn new(bound: &Bound, level: Level, value: f64, fact: String, advice: Option<String>) -> Self {
        let text = line(&[], &fact, advice.as_deref());
        Self {
            condition: bound.condition,
            level,
            value,
            warning: Some(bound.warning),
            breach: Some(bound.breach).filter(|breach| breach.is_finite()),
            rounds: Vec::new(),
            fact: Some(fact),
            advice,
            scarce: None,
            text,
        }
    }

    /// The value in words, without the rounds before it and without what follows from it; the whole line where no more
    /// is known.
    #[must_use]
    pub fn fact(&self) -> &str {
        self.fact.as_deref().unwrap_or(&self.text)
    }

    /// The same of those rounds.
    #[must_use]
    pub fn of_rounds(self, rounds: Vec<u32>) -> Self {
        let text = line(&rounds, self.fact(), self.advice.as_deref());
        Self { rounds, text, ..self }
    }
}

/// `rounds 2, 4: busiest worker 99 % busy: use more workers`.
fn line(rounds: &[u32], fact: &str, advice: Option<&str>) -> String {
    let numbers: Vec<String> = rounds.iter().map(u32::to_string).collect();
    let rounds = match numbers.len() {
        0 => String::new(),
        1 => format!("round {}: ", numbers[0]),
        _ => format!("rounds {}: ", numbers.join(", ")),
    };
    format!("{rounds}{fact}{}", advice.map(|advice| format!(": {advice}")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Bound = Bound { condition: Condition::Lost, warning: 0.0, breach: f64::INFINITY };

    #[test]
    fn the_line_is_made_of_its_parts() {
        let advice = Some("see the ledger: all columns".to_owned());
        // Words that a reader of the line alone would take for its joints.
        let finding = Finding::new(&BOUND, Level::Warning, 3.0, "rounded: 3 lost".to_owned(), advice);
        assert_eq!(finding.text, "rounded: 3 lost: see the ledger: all columns");
        let one = finding.clone().of_rounds(vec![2]);
        assert_eq!(one.text, "round 2: rounded: 3 lost: see the ledger: all columns");
        let several = finding.of_rounds(vec![2, 4]);
        assert_eq!(several.text, "rounds 2, 4: rounded: 3 lost: see the ledger: all columns");
        assert_eq!((several.fact(), several.rounds.as_slice()), ("rounded: 3 lost", &[2, 4][..]));
    }

    #[test]
    fn a_file_with_the_line_alone_is_read_and_its_line_is_the_fact() {
        let old =
            r#"{"condition": "lost", "level": "warning", "value": 3.0, "text": "3 lost: see the ledger"}"#;
        let finding: Finding = serde_json::from_str(old).unwrap();
        assert_eq!((finding.fact(), finding.rounds.len()), ("3 lost: see the ledger", 0));
        let new = Finding::new(&BOUND, Level::Ok, 0.0, "0 lost".to_owned(), None);
        let json = serde_json::to_value(&new).unwrap();
        assert_eq!(json["text"], "0 lost");
        assert_eq!(serde_json::from_value::<Finding>(json).unwrap(), new);
    }
}
