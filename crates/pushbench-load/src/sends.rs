//! Pattern `chat`: which of this worker's clients is to send what next, open loop.
//!
//! Every worker walks the whole schedule and takes the messages of its own clients. What becomes of them is not known here.

use pushbench_measure::PhaseEdges;
use pushbench_scenario::schedule::MessageSchedule;
use pushbench_scenario::share::WorkerShare;
use pushbench_scenario::{Source, schedule::Message};

/// A message that a client is to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) due_ns: u64,
    /// Its number within the room.
    pub(crate) n: u64,
    /// Size of its payload in bytes.
    pub(crate) size: u32,
}

/// What the worker's own clients are still to send.
pub(crate) struct Sends {
    schedule: MessageSchedule,
    edges: PhaseEdges,
    worker: u32,
    workers: u32,
    next: Option<(u32, Outgoing)>,
}

impl Sends {
    /// The messages of a step with these phases; `None` where clients send nothing.
    pub(crate) fn new(share: &WorkerShare, edges: PhaseEdges) -> Option<Self> {
        // Who has no clients would look through the whole schedule for the first message of one.
        if share.plan.events.source != Source::Members || share.client_numbers().next().is_none() {
            return None;
        }
        let schedule = MessageSchedule::new(&share.plan, share.clients);
        let (worker, workers) = (share.worker, share.workers.max(1));
        let mut sends = Self { schedule, edges, worker, workers, next: None };
        sends.advance();
        Some(sends)
    }

    /// When the next one is due; `None` when there is none any more.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        self.next.map(|(_, due)| due.due_ns)
    }

    /// The next one that is due at `now_ns`, and which of the worker's own clients is to send it, from 0.
    pub(crate) fn take_due(&mut self, now_ns: u64) -> Option<(u32, Outgoing)> {
        let next = self.next.filter(|(_, due)| due.due_ns <= now_ns)?;
        self.advance();
        Some(next)
    }

    /// How many of the measure phase were not taken, once none is due any more; 0 before.
    pub(crate) fn missed(&mut self, now_ns: u64) -> u64 {
        let PhaseEdges { measure_ns, drain_ns, .. } = self.edges;
        if now_ns < drain_ns {
            return 0;
        }
        let rest = std::iter::from_fn(|| self.take_due(u64::MAX));
        rest.filter(|(_, due)| due.due_ns >= measure_ns).count() as u64
    }

    /// Goes on to the next message of an own client; none is due at or after the drain.
    fn advance(&mut self) {
        let PhaseEdges { start_ns, drain_ns, .. } = self.edges;
        let due_ns = |message: &Message| start_ns.saturating_add(message.event.due_offset_ns);
        let (worker, workers) = (self.worker, self.workers);
        let mut rest = self.schedule.by_ref().take_while(|message| due_ns(message) < drain_ns);
        self.next = rest.find(|message| message.sender % workers == worker).map(|message| {
            let due = Outgoing { due_ns: due_ns(&message), n: message.event.n, size: message.event.size };
            (message.sender / workers, due)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pushbench_scenario::Overrides;

    const S: u64 = 1_000_000_000;
    const EDGES: PhaseEdges = PhaseEdges { start_ns: S, measure_ns: 2 * S, drain_ns: 11 * S, end_ns: 12 * S };

    fn share(pattern: &str, worker: u32, workers: u32) -> WorkerShare {
        let scenario = format!(
            "name = \"sends\"\n[clients]\ncount = 9\n[events]\n{pattern}\nrate = \"60/m\"\n[phases]\n\
             measure = \"9s\"\n[[transports]]\nkind = \"sse\""
        );
        let plan = pushbench_scenario::parse(&scenario, "sends.toml", &Overrides::default()).unwrap();
        let targets = vec!["127.0.0.1:1".parse().unwrap()];
        WorkerShare { plan, transport: 0, clients: 9, worker, workers, targets, source: None }
    }

    const CHAT: &str = "pattern = \"chat\"\nmembers = 3";

    #[test]
    fn all_workers_together_send_every_message_once_and_in_order() {
        let mut taken = Vec::new();
        for worker in 0..4 {
            let share = share(CHAT, worker, 4);
            let mut sends = Sends::new(&share, EDGES).unwrap();
            let mut last_ns = 0;
            while let Some(next_ns) = sends.next_ns() {
                assert_eq!(sends.take_due(next_ns - 1), None);
                let (nth, due) = sends.take_due(next_ns).unwrap();
                assert!(last_ns <= due.due_ns && (S..11 * S).contains(&due.due_ns));
                last_ns = due.due_ns;
                taken.push((due.due_ns, worker + 4 * nth, due.n));
            }
            assert_eq!(sends.missed(u64::MAX), 0);
        }
        taken.sort_unstable();
        let share = share(CHAT, 0, 1);
        let whole = MessageSchedule::new(&share.plan, 9).take(taken.len());
        let whole: Vec<_> =
            whole.map(|message| (S + message.event.due_offset_ns, message.sender, message.event.n)).collect();
        assert_eq!((taken.len(), &taken), (90, &whole), "nine clients, one a second each, for ten seconds");
    }

    #[test]
    fn what_was_not_taken_is_missed_when_the_time_for_it_is_over() {
        let mut sends = Sends::new(&share(CHAT, 0, 1), EDGES).unwrap();
        for _ in 0..7 {
            assert!(sends.take_due(10 * S).is_some());
        }
        // 90 are to be sent in ten seconds, those of the first one before the measure phase.
        assert_eq!((sends.missed(11 * S - 1), sends.missed(11 * S)), (0, 81));
    }

    #[test]
    fn where_nobody_sends_there_is_nothing_to_be_sent() {
        assert!(Sends::new(&share("pattern = \"broadcast\"", 0, 1), EDGES).is_none());
        assert!(Sends::new(&share(CHAT, 9, 10), EDGES).is_none(), "a worker without clients");
    }
}
