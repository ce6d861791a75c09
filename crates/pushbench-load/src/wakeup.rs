//! When one client wants to be woken, and which entries of the thread's wheel stand for that.
//!
//! A client asks for another instant with every input, and nearly always for a later one than before: "give up in ten
//! seconds", anew for each request. The entry that is there already serves for that; when its time comes, it is seen that it
//! came too early, and another is made. So a polling client costs one entry a poll, and one more every ten seconds.

use pushbench_probe::wheel::Wheel;

/// No instant.
const NEVER: u64 = u64::MAX;

/// The wake-up of one client.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "all are instants, and the unit belongs to the name")]
pub(crate) struct Wakeup {
    /// The instant asked for.
    asked_ns: u64,
    /// Instant of the nearest entry.
    near_ns: u64,
    /// Instant of another, which was far ahead when it was made.
    far_ns: u64,
}

impl Default for Wakeup {
    fn default() -> Self {
        Self { asked_ns: NEVER, near_ns: NEVER, far_ns: NEVER }
    }
}

impl Wakeup {
    /// Asks to be woken at an instant, instead of any asked for before; `None` means not at all.
    pub(crate) fn ask(&mut self, at_ns: Option<u64>, client: u32, wheel: &mut Wheel) {
        let at_ns = at_ns.unwrap_or(NEVER);
        self.asked_ns = at_ns;
        // Also true where nothing is asked for.
        if at_ns >= self.near_ns.min(self.far_ns) {
            return;
        }
        if self.far_ns == NEVER && wheel.is_far(at_ns) {
            self.far_ns = at_ns;
        } else {
            self.near_ns = at_ns;
        }
        wheel.insert(at_ns, client);
    }

    /// An entry for `at_ns` has come. True when it is time for what was asked for, which is done with then.
    pub(crate) fn came(&mut self, at_ns: u64, now_ns: u64, client: u32, wheel: &mut Wheel) -> bool {
        if at_ns == self.near_ns {
            self.near_ns = NEVER;
        } else if at_ns == self.far_ns {
            self.far_ns = NEVER;
        }
        let is_time = self.asked_ns <= now_ns;
        let asked_ns = if is_time { NEVER } else { self.asked_ns };
        self.ask((asked_ns != NEVER).then_some(asked_ns), client, wheel);
        is_time
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: u64 = 1_000_000_000;

    /// Takes all entries of one client up to an instant, and gives the instants at which it was woken.
    fn woken(wakeup: &mut Wakeup, wheel: &mut Wheel, until_ns: u64) -> Vec<u64> {
        let mut woken = Vec::new();
        while let Some(at_ns) = wheel.next_ns().filter(|at_ns| *at_ns <= until_ns) {
            let (_, client) = wheel.pop_due(at_ns).unwrap();
            if wakeup.came(at_ns, at_ns, client, wheel) {
                woken.push(at_ns);
            }
        }
        woken
    }

    fn entries(wheel: &mut Wheel) -> usize {
        std::iter::from_fn(|| wheel.pop_due(u64::MAX)).count()
    }

    #[test]
    fn polls_leave_one_entry_for_the_next_and_one_for_all_that_were_answered() {
        let (mut wheel, mut wakeup) = (Wheel::default(), Wakeup::default());
        for poll in 1..100 {
            // Sent, with ten seconds to wait at most; answered, and due again in half a second.
            let now_ns = poll * S / 2;
            wakeup.ask(Some(now_ns + 10 * S), 0, &mut wheel);
            wakeup.ask(Some(now_ns + S / 2), 0, &mut wheel);
            assert_eq!(woken(&mut wakeup, &mut wheel, now_ns + S / 2), [now_ns + S / 2]);
        }
        wakeup.ask(Some(60 * S), 0, &mut wheel);
        assert!(entries(&mut wheel) <= 2);
    }

    #[test]
    fn what_is_not_asked_for_any_more_does_not_come() {
        let (mut wheel, mut wakeup) = (Wheel::default(), Wakeup::default());
        wakeup.ask(Some(5 * S), 0, &mut wheel);
        wakeup.ask(None, 0, &mut wheel);
        assert_eq!(woken(&mut wakeup, &mut wheel, 100 * S), [0; 0]);
    }

    proptest! {
        #[test]
        fn wakes_at_the_instant_that_was_asked_for_last(
            asked in proptest::collection::vec((0..20 * S, proptest::option::of(0..40 * S)), 0..60),
        ) {
            let (mut wheel, mut wakeup) = (Wheel::default(), Wakeup::default());
            let (mut now_ns, mut expected): (u64, Option<u64>) = (0, None);
            for (pause_ns, ahead_ns) in asked {
                let until_ns = now_ns + pause_ns;
                let due: Vec<u64> = expected.take_if(|at_ns| *at_ns <= until_ns).into_iter().collect();
                prop_assert_eq!(woken(&mut wakeup, &mut wheel, until_ns), due);
                now_ns = until_ns;
                expected = ahead_ns.map(|ahead_ns| now_ns + ahead_ns);
                wakeup.ask(expected, 0, &mut wheel);
            }
        }
    }
}
