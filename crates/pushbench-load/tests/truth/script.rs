//! A worker beside a scripted server.

use pushbench_load::Worker;
use pushbench_measure::PhaseEdges;
use pushbench_measure::snapshot::{WorkerFinal, WorkerSnapshot};
use pushbench_probe::clock::now_ns;
use pushbench_scenario::{Overrides, WorkerShare};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::timeout;

pub(crate) const MS: u64 = 1_000_000;
/// From when all clients are ready to the begin of the measure phase: time to read the sockets before it.
const LEAD_NS: u64 = 50 * MS;
/// Length of the drain.
const DRAIN_NS: u64 = 200 * MS;
/// Events of the schedule are due every 10 ms from the begin of the measure phase; 20 of them are in it.
pub(crate) const EVENTS: u64 = 20;
/// Long enough for a busy machine; never reached by a test that passes.
const DEADLINE: Duration = Duration::from_secs(20);

/// What a worker recorded beside a server, and what the server's script returned.
pub(crate) struct Watched<T> {
    pub(crate) report: WorkerSnapshot,
    pub(crate) sums: WorkerFinal,
    pub(crate) edges: PhaseEdges,
    pub(crate) server: T,
}

/// Who ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    /// The script: the clients' books are closed when it is done.
    Script,
    /// The clients say goodbye when the phases are over; the script sees that.
    Clients,
}

/// A share of so many clients of a transport, whose keys are TOML. Its measure phase is for the plan of their lives alone.
fn share(transport: &str, clients: u32, target: SocketAddr) -> WorkerShare {
    let scenario = format!(
        r#"
        name = "truth"
        [clients]
        count = {clients}
        connect_rate = "1000/s"
        [events]
        pattern = "broadcast"
        rate = "100/s"
        size = "100B"
        [phases]
        warmup = "0s"
        measure = "4s"
        drain = "2s"
        [[transports]]
        {transport}
    "#
    );
    let plan = pushbench_scenario::parse(&scenario, "truth.toml", &Overrides::default()).unwrap();
    WorkerShare { plan, transport: 0, clients, worker: 0, workers: 1, targets: vec![target], source: None }
}

/// Lets clients loose on a server, waits until so many of them are ready, tells the server when the phases are, and
/// closes the books when the server is done and the phases are over.
pub(crate) fn watch<T: 'static>(
    transport: &str,
    clients: u32,
    ready: u32,
    server: impl AsyncFnOnce(TcpListener, oneshot::Receiver<PhaseEdges>) -> T + 'static,
) -> Watched<T> {
    watch_until(First::Script, transport, clients, ready, server)
}

/// The same, where the script may wait for the clients to end.
pub(crate) fn watch_until<T: 'static>(
    first: First,
    transport: &str,
    clients: u32,
    ready: u32,
    server: impl AsyncFnOnce(TcpListener, oneshot::Receiver<PhaseEdges>) -> T + 'static,
) -> Watched<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let share = share(transport, clients, listener.local_addr().unwrap());
        let (tell_edges, edges) = oneshot::channel();
        let server = spawn_local(server(listener, edges));
        let worker = Worker::new(share).unwrap();
        drop(worker.connect(now_ns()));
        let are_ready = async {
            while worker.report(now_ns()).await.unwrap().ever_connected < ready {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(DEADLINE, are_ready).await.expect("clients are ready");
        let start_ns = now_ns() + LEAD_NS;
        let drain_ns = start_ns + EVENTS * 10 * MS;
        let edges = PhaseEdges { start_ns, measure_ns: start_ns, drain_ns, end_ns: drain_ns + DRAIN_NS };
        worker.begin(edges);
        // A script that does not wait for them may be over.
        let _ = tell_edges.send(edges);
        let script = async { timeout(DEADLINE, server).await.expect("the script comes to its end").unwrap() };
        match first {
            First::Script => {
                let server = script.await;
                let (report, sums) = closed(&worker, &edges).await;
                Watched { report, sums, edges, server }
            }
            First::Clients => {
                let (report, sums) = closed(&worker, &edges).await;
                Watched { report, sums, edges, server: script.await }
            }
        }
    })
}

/// What a worker recorded, once the phases are over and what was under way has arrived.
async fn closed(worker: &Worker, edges: &PhaseEdges) -> (WorkerSnapshot, WorkerFinal) {
    let wait = Duration::from_nanos(edges.end_ns.saturating_sub(now_ns()));
    tokio::time::sleep(wait.max(Duration::from_millis(50))).await;
    worker.finish(edges.end_ns).await.unwrap()
}

/// The next client.
pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Reads one request head.
pub(crate) async fn request(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).await.unwrap(), 1, "the client closed before its request ended");
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Closes when the client has ended its direction, as a server does.
pub(crate) fn follow(mut stream: TcpStream) {
    spawn_local(async move { while let Ok(1..) = stream.read(&mut [0; 64]).await {} });
}
