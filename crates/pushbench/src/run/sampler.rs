//! What the kernel says while a step runs: sockets, CPU time, memory.
//!
//! A thread of its own, because a dump of many sockets takes tens of milliseconds that neither the coordinator nor a
//! process under measurement should wait for. Instants at which phases meet are sampled before anything else is.

use pushbench_measure::{PhaseEdges, Ticks, wire};
use pushbench_probe::cpu::CpuTimes;
use pushbench_probe::process::{self, Usage};
use pushbench_probe::sockets::Census;
use pushbench_probe::{clock, cpu, limits};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

use super::allowance::{Allowance, Between};
use super::placement::Placement;
use super::topology::{Counter, Topology, Totals};

/// Time between two looks at the host's socket totals.
const GLANCE_NS: u64 = 100_000_000;

/// Processes and ports to watch, and what connects them.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    pub(crate) topology: Topology,
    pub(crate) targets: Vec<u32>,
    pub(crate) workers: Vec<u32>,
    pub(crate) ports: Vec<u16>,
}

/// Usage of the watched processes at one instant, in their order. `None` for a process that is gone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usages {
    pub(crate) targets: Vec<Option<Usage>>,
    pub(crate) workers: Vec<Option<Usage>>,
    pub(crate) coordinator: Option<Usage>,
}

/// What was seen in the interval that ends at a tick.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) tick_ns: u64,
    pub(crate) usages: Usages,
    /// Absent where a dump was left out or failed.
    pub(crate) census: Option<Census>,
    pub(crate) host_sockets_peak: Option<u32>,
    pub(crate) host_time_wait_peak: Option<u32>,
    pub(crate) host_tcp_memory_bytes: Option<u64>,
    /// Memory that can be had without swapping, on the whole host.
    pub(crate) host_memory_available_bytes: Option<u64>,
}

/// What the thread sends.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// At a tick.
    Tick(Box<Sample>),
    /// At one of [`EDGES`].
    Edge(usize, AtEdge),
    /// When asked to look; absent where the kernel does not tell.
    Look(Option<Census>),
}

/// Instants at which usages are read: begin and end of the measure phase, begin and end of the idle time. No process
/// reads its sockets between two that belong together.
pub(crate) const EDGES: usize = 4;

/// What is read where phases meet.
#[derive(Debug, Clone)]
pub(crate) struct AtEdge {
    pub(crate) usages: Usages,
    /// The host's CPU times; absent where the kernel does not tell.
    pub(crate) host: Option<CpuTimes>,
    /// Those of the CPUs that both sides have in common; absent where there are none.
    pub(crate) shared: Option<CpuTimes>,
}

enum Wish {
    Begin(PhaseEdges, usize),
    Look,
    Stop,
}

/// The sampling thread. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct Sampler {
    wishes: Sender<Wish>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    /// Begins to sample, with ticks every second after `from_ns`.
    pub(crate) fn start(watched: Watched, from_ns: u64, seen: UnboundedSender<Seen>) -> Self {
        let (wishes, inbox) = channel();
        let mut sampling = Sampling::new(watched, from_ns, seen);
        let thread = std::thread::spawn(move || sampling.run(&inbox));
        Self { wishes, thread: Some(thread) }
    }

    /// Makes the phases known; no process has more than so many sockets to read.
    pub(crate) fn begin(&self, edges: PhaseEdges, sockets: usize) {
        // The thread ends only when it is told to.
        let _ = self.wishes.send(Wish::Begin(edges, sockets));
    }

    /// Asks for a dump now, whatever it takes: for a moment in which nothing is measured.
    pub(crate) fn look(&self) {
        let _ = self.wishes.send(Wish::Look);
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        let _ = self.wishes.send(Wish::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads the usage of processes now.
pub(crate) fn usages(watched: &Watched) -> Usages {
    let all = |pids: &[u32]| pids.iter().map(|pid| process::usage(*pid).ok()).collect();
    Usages {
        targets: all(&watched.targets),
        workers: all(&watched.workers),
        coordinator: process::usage(std::process::id()).ok(),
    }
}

/// The host's totals since the last tick, at their most.
#[derive(Debug, Default)]
struct Glance {
    sockets: Option<u32>,
    time_wait: Option<u32>,
    memory_bytes: Option<u64>,
}

impl Glance {
    fn look(&mut self, totals: Option<&Totals>) {
        let Some(Ok(now)) = totals.map(Totals::read) else { return };
        self.sockets = self.sockets.max(Some(now.tcp_inuse as u32));
        self.time_wait = self.time_wait.max(Some(now.tcp_time_wait as u32));
        self.memory_bytes = self.memory_bytes.max(Some(now.tcp_memory_bytes));
    }
}

struct Sampling {
    watched: Watched,
    seen: UnboundedSender<Seen>,
    counter: Option<Counter>,
    totals: Option<Totals>,
    ticks: Ticks,
    /// Edges still to come: which, and when; the last is the next.
    edges: Vec<(usize, u64)>,
    /// The last tick: the end of the step.
    end_ns: Option<u64>,
    glance: Glance,
    next_glance_ns: u64,
    dumps: Allowance,
    /// The dump that was asked for, until the row of its second is due.
    between: Between<Census>,
}

impl Sampling {
    fn new(watched: Watched, from_ns: u64, seen: UnboundedSender<Seen>) -> Self {
        Self {
            // Without it (a kernel without the module, a sandbox) the socket columns stay empty.
            counter: Counter::open(&watched.topology).ok(),
            totals: Totals::open(&watched.topology).ok(),
            watched,
            seen,
            ticks: Ticks::new(from_ns),
            edges: Vec::new(),
            end_ns: None,
            glance: Glance::default(),
            next_glance_ns: from_ns,
            dumps: Allowance::default(),
            between: Between::default(),
        }
    }

    fn run(&mut self, inbox: &Receiver<Wish>) {
        loop {
            let wait_ns = self.next_ns().saturating_sub(clock::now_ns());
            match inbox.recv_timeout(Duration::from_nanos(wait_ns)) {
                Ok(Wish::Begin(edges, sockets)) => self.begin(edges, sockets),
                Ok(Wish::Look) => self.look(),
                Ok(Wish::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => self.act(clock::now_ns()),
            }
        }
    }

    fn begin(&mut self, edges: PhaseEdges, sockets: usize) {
        self.ticks.begin(edges);
        let idle_ns = wire::idle_cpu_from_ns(&edges, sockets);
        self.edges = vec![(3, edges.end_ns), (2, idle_ns), (1, edges.drain_ns), (0, edges.measure_ns)];
        self.end_ns = Some(edges.end_ns);
    }

    fn look(&mut self) {
        let census = self.dump();
        self.between.keep(census, clock::now_ns());
        self.tell(Seen::Look(census));
    }

    fn next_ns(&self) -> u64 {
        let edge_ns = self.edges.last().map_or(u64::MAX, |(_, at_ns)| *at_ns);
        self.next_glance_ns.min(edge_ns).min(self.next_tick_ns().unwrap_or(u64::MAX))
    }

    /// The next tick, the end of the step included.
    fn next_tick_ns(&self) -> Option<u64> {
        self.ticks.next_ns().or(self.end_ns)
    }

    fn act(&mut self, now_ns: u64) {
        if let Some((which, _)) = self.edges.pop_if(|(_, at_ns)| *at_ns <= now_ns) {
            let edge = AtEdge {
                usages: usages(&self.watched),
                host: cpu::host_times().ok(),
                shared: Placement::shared().and_then(|cpus| cpu::times_of(&cpus).ok()),
            };
            self.tell(Seen::Edge(which, edge));
        }
        if self.next_glance_ns <= now_ns {
            self.glance.look(self.totals.as_ref());
            self.next_glance_ns = now_ns - now_ns % GLANCE_NS + GLANCE_NS;
        }
        if let Some(tick_ns) = self.next_tick_ns().filter(|tick_ns| *tick_ns <= now_ns) {
            let last = self.ticks.next_ns().is_none();
            if last {
                self.end_ns = None;
            }
            self.ticks.advance();
            let allowed = if last { self.dumps.allow_the_last() } else { self.dumps.allow(now_ns) };
            let between = self.between.take(tick_ns);
            let census = if allowed { self.dump() } else { between };
            self.tick(tick_ns, census);
        }
    }

    fn tick(&mut self, tick_ns: u64, census: Option<Census>) {
        self.glance.look(self.totals.as_ref());
        let glance = std::mem::take(&mut self.glance);
        let sample = Sample {
            tick_ns,
            usages: usages(&self.watched),
            census,
            host_sockets_peak: glance.sockets,
            host_time_wait_peak: glance.time_wait,
            host_tcp_memory_bytes: glance.memory_bytes,
            host_memory_available_bytes: limits::memory_available_bytes().ok(),
        };
        self.tell(Seen::Tick(Box::new(sample)));
    }

    fn dump(&mut self) -> Option<Census> {
        // Not the time on the clock: a busy machine would make dumps rarer than what they cost.
        let begin_ns = process::thread_cpu_ns();
        let census = self.counter.as_mut()?.census(&self.watched.ports).ok();
        self.dumps.spent(process::thread_cpu_ns() - begin_ns, clock::now_ns());
        census
    }

    fn tell(&self, seen: Seen) {
        // Whoever listened is about to end this thread.
        let _ = self.seen.send(seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc::unbounded_channel;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_second_in_which_a_look_was_asked_for_has_its_sockets_though_no_dump_is_allowed_at_its_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let _clients = [(); 3].map(|()| TcpStream::connect(address).unwrap());
        let watched = Watched {
            topology: Topology::Loopback,
            targets: Vec::new(),
            workers: Vec::new(),
            ports: vec![address.port()],
        };
        let (tell, mut seen) = unbounded_channel();
        let mut sampling = Sampling::new(watched, clock::now_ns(), tell);
        if sampling.counter.is_none() {
            return;
        }
        sampling.look();
        // As when all clients have connected within the first second.
        let start_ns = clock::now_ns();
        let edges = PhaseEdges {
            start_ns,
            measure_ns: start_ns + MS,
            drain_ns: start_ns + 2 * MS,
            end_ns: start_ns + 9 * MS,
        };
        sampling.begin(edges, 3);
        sampling.act(start_ns);
        let mut established = Vec::new();
        while let Ok(news) = seen.try_recv() {
            let census = match news {
                Seen::Tick(sample) => sample.census,
                Seen::Look(census) => census,
                Seen::Edge(..) => continue,
            };
            established.push(census.map(|census| census.client.established));
        }
        assert_eq!(established, [Some(3), Some(3)]);
    }
}
