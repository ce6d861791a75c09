//! The server half: a request is held until there is something to tell or time is up.

use std::time::Duration;

use super::Settings;
use super::settings::Wakeup;
use crate::polling;
use crate::server::{Answer, Hold, PollAnswer, Question, Refusal};

/// The longest that a request is held, whatever it asks for.
pub const LONGEST_HOLD: Duration = Duration::from_hours(1);

/// Share of the timeout by which it is varied, so that requests held together are not answered in one instant.
const JITTER: f64 = 0.1;

/// The methods, as `Allow` has them: a `HEAD` would be held for a reply without its events.
pub const METHODS: &str = "GET, POST";

/// `200` as soon as there is something, `204` at the timeout or when the target shuts down; to a `POST` the ticket of an
/// answer.
///
/// # Errors
/// Of requests about answers, see [`polling::serve::serve`].
pub fn serve(settings: &Settings, question: &Question<'_>, _: &mut Vec<u8>) -> Result<Answer, Refusal> {
    let timeout = question.query.timeout.unwrap_or(settings.timeout.duration());
    let hold_ns = jittered(timeout, question.jitter).as_nanos() as u64;
    let hold = Hold {
        until_ns: question.now_ns.saturating_add(hold_ns),
        look_every_ns: match settings.wakeup {
            Wakeup::Event => None,
            Wakeup::Check => Some(settings.check_interval.as_ns()),
        },
    };
    let poll = PollAnswer { start: question.query.start, hold: Some(hold), form: question.form };
    polling::serve::serve(question, poll)
}

fn jittered(timeout: Duration, jitter: f64) -> Duration {
    timeout.min(LONGEST_HOLD).mul_f64(1.0 + JITTER * jitter.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_varies_by_ten_percent_and_is_capped() {
        let second = Duration::from_secs(1);
        assert_eq!(jittered(second, -1.0), Duration::from_millis(900));
        assert_eq!(jittered(second, 0.0), second);
        assert_eq!(jittered(second, 1.0), Duration::from_millis(1100));
        assert_eq!(jittered(second, 50.0), Duration::from_millis(1100));
        assert_eq!(jittered(Duration::MAX, 0.0), LONGEST_HOLD);
    }
}
