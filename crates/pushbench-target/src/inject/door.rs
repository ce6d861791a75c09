//! One topic's way into the hub: events are numbered as they are published, and those that are to come after their
//! successor are held until it has gone in. Pure: no clock, no hub.

use pushbench_scenario::Inject;

/// An event with its number within the topic, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) n: u64,
    pub(super) payload: String,
}

#[derive(Debug, Default)]
pub(super) struct Door {
    published: u64,
    /// The highest number that has gone in.
    passed: u64,
    /// Those that wait for a later one. Few: of two in a row one is neither dropped nor held.
    held: Vec<Numbered>,
}

impl Door {
    /// The number of the event that is published now.
    pub(super) fn number(&mut self) -> u64 {
        self.published += 1;
        self.published
    }

    /// What goes in when this event comes to the door, in order.
    pub(super) fn enter(&mut self, event: Numbered, inject: &Inject) -> Vec<String> {
        // One that was overtaken on its way has come after its successor already.
        if inject.reorders(event.n) && self.passed < event.n {
            self.held.push(event);
            return Vec::new();
        }
        let number = event.n;
        self.passed = self.passed.max(number);
        let mut going_in = times(event, inject);
        let (released, kept) = std::mem::take(&mut self.held).into_iter().partition(|held| held.n < number);
        self.held = kept;
        let released: Vec<Numbered> = released;
        going_in.extend(released.into_iter().flat_map(|held| times(held, inject)));
        going_in
    }

    /// What goes in when no successor will come any more.
    pub(super) fn release(&mut self, inject: &Inject) -> Vec<String> {
        let held = std::mem::take(&mut self.held);
        held.into_iter()
            .flat_map(|held| {
                self.passed = self.passed.max(held.n);
                times(held, inject)
            })
            .collect()
    }
}

/// The event once, or twice in a row.
fn times(event: Numbered, inject: &Inject) -> Vec<String> {
    let times = if inject.duplicates(event.n) { 2 } else { 1 };
    vec![event.payload; times]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn come(door: &mut Door, n: u64, inject: &Inject) -> String {
        door.enter(Numbered { n, payload: n.to_string() }, inject).join(" ")
    }

    #[test]
    fn a_held_event_follows_the_next_one_that_comes_whichever_that_is() {
        let inject = "reorder=4,duplicate=6".parse().unwrap();
        let mut door = Door::default();
        let table = [
            (3, "3"),
            (4, ""),
            // 5 was dropped or is late.
            (6, "6 6 4"),
            (7, "7"),
            // Overtaken by 9 and 10 on its way.
            (9, "9"),
            (8, "8"),
            (12, ""),
            // An earlier one that was late is no successor.
            (11, "11"),
            (16, ""),
            (17, "17 12 12 16"),
            (20, ""),
        ];
        for (n, goes_in) in table {
            assert_eq!(come(&mut door, n, &inject), goes_in, "{n}");
        }
        assert_eq!(door.release(&inject), ["20"]);
        assert_eq!(door.release(&inject), [""; 0]);
        assert_eq!(come(&mut door, 19, &inject), "19");
    }

    proptest! {
        /// Whatever is due, and however late events are: each goes in as often as it should.
        #[test]
        fn nothing_stays_behind_the_door(
            reorder in 2u32..9,
            duplicate in 1u32..9,
            order in Just((1u64..60).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let inject: Inject = format!("reorder={reorder},duplicate={duplicate}").parse().unwrap();
            let mut door = Door::default();
            let mut inside: Vec<String> = Vec::new();
            for n in &order {
                inside.extend(door.enter(Numbered { n: *n, payload: n.to_string() }, &inject));
            }
            inside.extend(door.release(&inject));
            for n in order {
                let times = inside.iter().filter(|inside| **inside == n.to_string()).count();
                prop_assert_eq!(times, if inject.duplicates(n) { 2 } else { 1 }, "{}", n);
            }
        }
    }
}
