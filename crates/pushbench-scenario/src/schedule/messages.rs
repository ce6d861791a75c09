//! Pattern `chat`: which member of a room sends which of its messages.
//!
//! When a message is due, in which room and how large is the schedule of events; here the sender is added, from random
//! numbers of its own. All rooms are equally likely, and in a room all its members. So a member of a room that has one
//! member more than others sends as much less often; in rooms of one size all send at the same rate.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{EventSchedule, ScheduledEvent, Stream, rng};
use crate::plan::Plan;

/// A message of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// When it is due, its room, its number within the room, its size.
    pub event: ScheduledEvent,
    /// The client that sends it, from 0, one of its room.
    pub sender: u32,
}

/// All messages of a step in order of their due times: an iterator without end unless the rate is 0.
#[derive(Debug, Clone)]
pub struct MessageSchedule {
    events: EventSchedule,
    clients: u32,
    rooms: u32,
    sender: ChaCha8Rng,
}

impl MessageSchedule {
    /// The messages of a step of that many clients.
    #[must_use]
    pub fn new(plan: &Plan, clients: u32) -> Self {
        let rooms = plan.topics(clients);
        let events = EventSchedule::new(plan.events_of(clients), rooms, plan.seed);
        Self { events, clients, rooms, sender: rng(plan.seed, Stream::Sender) }
    }
}

impl Iterator for MessageSchedule {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        let event = self.events.next()?;
        // Clients are dealt out to the rooms in turn, so a room has every `rooms`-th of them from its own number on.
        let members = self.clients.saturating_sub(event.topic).div_ceil(self.rooms).max(1);
        let sender = event.topic + self.rooms * self.sender.random_range(0..members);
        Some(Message { event, sender })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Overrides;
    use crate::plan::topic_of_client;

    fn plan(clients: u32, members: u32, arrival: &str) -> Plan {
        let scenario = format!(
            "name = \"chat\"\n[clients]\ncount = {clients}\n[events]\npattern = \"chat\"\nmembers = {members}\n\
             rate = \"6/m\"\narrival = \"{arrival}\"\n[phases]\nmeasure = \"10s\"\n[[transports]]\nkind = \"sse\""
        );
        crate::parse(&scenario, "chat.toml", &Overrides::default()).unwrap()
    }

    #[test]
    fn clients_fill_rooms_and_the_rest_is_dealt_out() {
        // Clients, members of a room; rooms.
        let table = [(2, 2, 1), (50, 50, 1), (99, 50, 1), (100, 50, 2), (149, 50, 2), (1000, 20, 50)];
        for (clients, members, rooms) in table {
            assert_eq!(plan(clients, members, "constant").topics(clients), rooms, "{clients} {members}");
        }
    }

    #[test]
    fn the_rate_is_that_of_every_member_together_with_all_others() {
        let plan = plan(40, 20, "constant");
        let due = MessageSchedule::new(&plan, 40).map(|message| message.event.due_offset_ns);
        // Forty times six a minute are four a second.
        assert_eq!(due.take(4).collect::<Vec<_>>(), [0, 250_000_000, 500_000_000, 750_000_000]);
    }

    #[test]
    fn every_sender_is_of_the_room_and_all_send_about_as_much() {
        for (clients, members) in [(40, 20), (45, 20), (3, 2), (7, 7)] {
            let plan = plan(clients, members, "poisson");
            let rooms = plan.topics(clients);
            let mut sent = vec![0_u32; clients as usize];
            let mut numbers = vec![0; rooms as usize];
            for Message { event, sender } in MessageSchedule::new(&plan, clients).take(clients as usize * 400)
            {
                assert_eq!(topic_of_client(sender, rooms), event.topic);
                numbers[event.topic as usize] += 1;
                assert_eq!(event.n, numbers[event.topic as usize]);
                sent[sender as usize] += 1;
            }
            assert!(sent.iter().all(|sent| (300..=540).contains(sent)), "{clients} of {members}: {sent:?}");
        }
    }

    #[test]
    fn the_sender_is_drawn_from_numbers_of_its_own() {
        let plan = plan(40, 20, "poisson");
        let of = |plan: &Plan| MessageSchedule::new(plan, 40).take(200).collect::<Vec<_>>();
        assert_eq!(of(&plan), of(&plan));
        let events = EventSchedule::new(plan.events_of(40), 2, plan.seed).take(200).collect::<Vec<_>>();
        assert_eq!(of(&plan).iter().map(|message| message.event).collect::<Vec<_>>(), events);
        let another = Plan { seed: plan.seed + 1, ..plan.clone() };
        assert_ne!(of(&plan), of(&another));
    }
}
