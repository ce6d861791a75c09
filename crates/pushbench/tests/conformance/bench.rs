//! A target and a worker in one process, and the numbers that both must agree on. Every wait has a deadline.

use pushbench_load::Worker;
use pushbench_measure::fates::MessageTally;
use pushbench_measure::ledger::Tally;
use pushbench_measure::{Counters, Figure, Phase, PhaseEdges};
use pushbench_probe::clock::now_ns;
use pushbench_scenario::plan::topic_of_client;
use pushbench_scenario::schedule::{EventSchedule, events_between};
use pushbench_scenario::{Overrides, Plan, TransportPlan, WorkerShare};
use pushbench_target::{Config, Handle, Publishing, Target};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet, LocalSet, spawn_local};

use crate::variants::Variant;

const MS: u64 = 1_000_000;
/// Long enough for a busy machine; never reached by a test that passes.
const DEADLINE: Duration = Duration::from_mins(1);
/// Events before those that count.
const WARMUP_NS: u64 = 200 * MS;
/// After the last expected event: time in which a double would come.
const AFTERWARDS: Duration = Duration::from_millis(300);

/// Plays a test to every variant at once, on one thread.
pub(crate) fn play<F: Future<Output = ()> + 'static>(variants: Vec<Variant>, test: impl Fn(Variant) -> F) {
    // Looking for new bytes after every step of a task, so that small pieces are read as such.
    let runtime =
        tokio::runtime::Builder::new_current_thread().event_interval(1).enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let mut tests = JoinSet::new();
        for variant in variants {
            tests.spawn_local(test(variant));
        }
        while let Some(outcome) = tests.join_next().await {
            if let Err(error) = outcome {
                std::panic::resume_unwind(error.into_panic());
            }
        }
    });
}

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("never came: {what}"))
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    within(what, waiting).await;
}

/// Sleeps until an instant of the run.
pub(crate) async fn sleep_until(at_ns: u64) {
    // A wait without an end is ended by the test.
    let wait_ns = at_ns.saturating_sub(now_ns()).min(3600 * 1_000_000_000);
    tokio::time::sleep(Duration::from_nanos(wait_ns)).await;
}

/// A target that serves.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle,
    running: JoinHandle<()>,
}

impl Serving {
    pub(crate) fn start(variant: &Variant) -> Self {
        let config = Config {
            settings: vec![variant.settings.clone()],
            ..Config::new("127.0.0.1:0".parse().unwrap())
        };
        let target = Target::bind(&config).unwrap();
        let (address, handle) = (target.local_addr(), target.handle());
        Self { address, handle, running: spawn_local(target.run()) }
    }

    pub(crate) async fn end(self) {
        self.handle.shutdown();
        within("the end of the target", self.running).await.unwrap();
    }
}

/// Who is there and what is published.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) clients: u32,
    /// 0 is for all of them the same.
    pub(crate) topics: u32,
    pub(crate) events_per_second: u32,
    pub(crate) size_bytes: u32,
    pub(crate) measure: Duration,
}

impl Load {
    fn plan(&self, events: &str, variant: &Variant) -> Plan {
        let Self { clients, size_bytes, .. } = self;
        let text = format!(
            "name = \"bench\"\n[clients]\ncount = {clients}\nconnect_rate = \"1000/s\"\n[events]\n{events}\n\
             size = \"{size_bytes}B\"\n[phases]\nmeasure = \"1s\"\n\
             [[transports]]\nkind = \"{}\"\n",
            variant.settings.kind()
        );
        let mut plan = pushbench_scenario::parse(&text, "bench.toml", &Overrides::default()).unwrap();
        let label = plan.transports[0].label.clone();
        plan.transports = vec![TransportPlan { label, settings: variant.settings.clone() }];
        plan
    }
}

/// Clients that are connected, and the events that are published to them.
pub(crate) struct Bench {
    plan: Plan,
    load: Load,
    worker: Worker,
    pub(crate) edges: PhaseEdges,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    pub(crate) counters: Counters,
    /// Clients connected at the end.
    pub(crate) connected: u32,
    /// What became of what clients were to send.
    pub(crate) messages: MessageTally,
    /// Receptions of own messages and of others' that were due in the measure phase.
    pub(crate) echoes: u64,
    pub(crate) deliveries: u64,
    /// What the schedule owes all clients in the measure phase, and with the warm-up.
    pub(crate) owed: [u64; 2],
}

impl Bench {
    /// Connects all clients to `address`, and lets the target begin.
    pub(crate) async fn begin(variant: &Variant, load: Load, serving: &Serving, address: SocketAddr) -> Self {
        let pattern = match load.topics {
            0 => "pattern = \"broadcast\"".to_owned(),
            count => format!("pattern = \"topics\"\ntopics = {count}"),
        };
        let rate = format!("{}/s", load.events_per_second);
        Self::begin_pattern(variant, load, &format!("{pattern}\nrate = \"{rate}\""), serving, address).await
    }

    /// The same where `events` has the keys of another pattern.
    pub(crate) async fn begin_pattern(
        variant: &Variant,
        load: Load,
        events: &str,
        serving: &Serving,
        address: SocketAddr,
    ) -> Self {
        let plan = load.plan(events, variant);
        let share = WorkerShare {
            plan: plan.clone(),
            transport: 0,
            clients: load.clients,
            worker: 0,
            workers: 1,
            targets: vec![address],
            source: None,
        };
        let worker = Worker::new(share).unwrap();
        let all_ready = worker.connect(now_ns());
        within(&format!("all clients of {}", variant.label), all_ready).await.unwrap();
        let start_ns = now_ns() + 20 * MS;
        let measure_ns = start_ns + WARMUP_NS;
        let drain_ns = measure_ns + load.measure.as_nanos() as u64;
        let edges = PhaseEdges { start_ns, measure_ns, drain_ns, end_ns: drain_ns + 1000 * MS };
        worker.begin(edges);
        serving.handle.begin(Publishing {
            events: plan.events_of(load.clients),
            topics: plan.topics(load.clients),
            seed: plan.seed,
            edges,
        });
        Self { plan, load, worker, edges }
    }

    pub(crate) async fn counters(&self) -> Counters {
        self.worker.counters().await.unwrap()
    }

    /// Waits until every event is there, and some more for what should not be.
    pub(crate) async fn all_there(&self) {
        let owed = self.owed()[1];
        let arriving = async {
            while self.counters().await.events < owed {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // What is lost is said by the ledgers.
        let _ = tokio::time::timeout(DEADLINE, arriving).await;
        sleep_until(self.edges.drain_ns).await;
        tokio::time::sleep(AFTERWARDS).await;
    }

    /// Closes the books.
    pub(crate) async fn close(self) -> Outcome {
        let closing = self.worker.finish(self.edges.end_ns);
        let (report, sums) = within("the goodbye of all clients", closing).await.unwrap();
        let received = |figure| report.histograms.of(figure, Phase::Measure).count();
        Outcome {
            messages: sums.fates.messages,
            echoes: received(Figure::Echo),
            deliveries: received(Figure::Delivery),
            tally: sums.tally,
            counters: report.counters,
            connected: report.connected,
            owed: self.owed(),
        }
    }

    pub(crate) fn owed(&self) -> [u64; 2] {
        let topics = self.plan.topics(self.load.clients);
        let until_ns = self.edges.drain_ns - self.edges.start_ns;
        [WARMUP_NS, 0].map(|from_ns| {
            let schedule = EventSchedule::new(self.plan.events_of(self.load.clients), topics, self.plan.seed);
            let due = events_between(schedule, from_ns, until_ns);
            let of = |client| due[topic_of_client(client, topics) as usize].due_offsets_ns.len() as u64;
            (0..self.load.clients).map(of).sum()
        })
    }
}

impl Outcome {
    /// Every client got every event that it was owed, once and in order.
    pub(crate) fn assert_exact(&self, label: &str, clients: u32) {
        let tally = &self.tally;
        assert_eq!((tally.intended, tally.connected), (u64::from(clients), u64::from(clients)), "{label}");
        assert!(self.owed[0] > 0, "{label}: nothing was to be delivered");
        assert_eq!((tally.expected, tally.delivered), (self.owed[0], self.owed[0]), "{label}: {tally:?}");
        assert_eq!((tally.lost, tally.duplicated, tally.reordered), (0, 0, 0), "{label}: {tally:?}");
        // The warm-up is nobody's in the ledgers, so doubles and strangers in it show here alone.
        assert_eq!(self.counters.events, self.owed[1], "{label}: {:?}", self.counters);
        assert_eq!(self.connected, clients, "{label}: clients connected at the end");
    }

    /// Nothing went wrong on the way.
    pub(crate) fn assert_undisturbed(&self, label: &str) {
        let Counters { gaps, reconnects, .. } = self.counters;
        assert_eq!(self.counters.errors(), 0, "{label}: {:?}", self.counters);
        assert_eq!((gaps, reconnects), (0, 0), "{label}: {:?}", self.counters);
    }
}
