//! Made-up runs that charts and tables must survive: partial, empty, all zeros, extreme.

use pushbench_measure::Histogram;
use pushbench_measure::results::{SocketStates, Status, Summary};
use pushbench_measure::verdict::{Bound, Condition, Finding, Level};
use pushbench_report::{LabelFiles, RunFolder};

use super::{Shape, folder};

/// A run in which nearly everything went wrong, with long texts.
pub(crate) fn troubled() -> RunFolder {
    let mut folder = folder(&Shape::default());
    folder.run.status = Status::Partial;
    folder.run.reason = Some("worker 3 ended with signal 9 after 12 s".to_owned());
    "a-scenario-with-a-name-that-somebody-found-descriptive-enough".clone_into(&mut folder.run.scenario.name);
    "Intel(R) Xeon(R) Platinum 8488C CPU @ 2.40GHz with a rather long name"
        .clone_into(&mut folder.run.host.cpu);
    "long-polling-behind-a-proxy-with-a-long-label".clone_into(&mut folder.run.transports[1].label);
    folder.run.results[1].summary.label.clone_from(&folder.run.transports[1].label);
    folder.run.results[0].summary.lost = Some(1_234);
    let bound = Bound { condition: Condition::NeverConnected, warning: 0.0, breach: 0.0 };
    let fact = "10 of 1,000 clients never connected (bound 0)".to_owned();
    let advice = "raise the limit of open files or ask for fewer clients".to_owned();
    folder.run.results[1].findings = vec![Finding::new(&bound, Level::Breach, 10.0, fact, Some(advice))];
    "invalid".clone_into(&mut folder.run.results[1].summary.verdict);
    // The last transport was never reached; the one before was cut short and its log is lost.
    folder.run.results.pop();
    folder.labels[3] = LabelFiles::default();
    folder.labels[2].delivery.clear();
    folder.labels[2].intervals.truncate(14);
    folder
}

/// A run whose every measured figure is zero.
pub(crate) fn zeros() -> RunFolder {
    let mut folder = folder(&Shape { measure_s: 3, ..Shape::default() });
    for result in &mut folder.run.results {
        let s = &mut result.summary;
        (s.latency_p50_us, s.latency_p99_us, s.latency_max_us) = (Some(0), Some(0), Some(0));
        (s.payload_bytes_per_event, s.framing_bytes_per_event) = (Some(0.0), Some(0.0));
        (s.empty_poll_bytes_per_event, s.connecting_bytes_per_event) = (Some(0.0), Some(0.0));
        (s.target_cpu_us_per_event, s.worker_cpu_us_per_event) = (Some(0.0), Some(0.0));
        (s.target_bytes_per_client, s.worker_bytes_per_client) = (Some(0.0), None);
        s.kernel_bytes_per_client = None;
    }
    for files in &mut folder.labels {
        let mut zero = Histogram::new();
        (0..2_000).for_each(|_| zero.record(0));
        files.delivery = [(None.into(), zero)].into();
        for interval in &mut files.intervals {
            interval.set_sockets(&SocketStates::default(), &SocketStates::default());
            (interval.latency_p50_us, interval.latency_p99_us) = (Some(0), Some(0));
        }
    }
    folder
}

/// A run of which only the manifest exists.
pub(crate) fn bare() -> RunFolder {
    let mut run = folder(&Shape { measure_s: 3, ..Shape::default() }).run;
    run.results.clear();
    run.status = Status::Running;
    RunFolder::from_parts(run, Vec::new())
}

/// A run that knows its bytes on the wire.
pub(crate) fn wired() -> RunFolder {
    let mut folder = folder(&Shape { measure_s: 3, transports: 5, ..Shape::default() });
    for result in &mut folder.run.results {
        on_the_wire(&mut result.summary, 1.0);
    }
    folder
}

/// Gives a row bytes on the wire: those of its stream with a segment each way for every event, and a few for connecting.
fn on_the_wire(s: &mut Summary, factor: f64) {
    let part = |stream: Option<f64>, share: f64, headers: f64| {
        stream.map(|bytes| (bytes * share + headers) * factor)
    };
    s.wire_down_payload_bytes_per_event = part(s.payload_bytes_per_event, 1.0, 0.0);
    s.wire_down_framing_bytes_per_event = part(s.framing_bytes_per_event, 0.6, 52.0);
    s.wire_up_framing_bytes_per_event = part(s.framing_bytes_per_event, 0.4, 52.0);
    s.wire_down_empty_poll_bytes_per_event = part(s.empty_poll_bytes_per_event, 1.0, 0.0);
    s.wire_up_empty_poll_bytes_per_event = part(s.empty_poll_bytes_per_event, 1.0, 0.0);
    s.wire_down_connecting_bytes_per_event = part(s.connecting_bytes_per_event, 0.5, 12.0);
    s.wire_up_connecting_bytes_per_event = part(s.connecting_bytes_per_event, 0.5, 12.0);
    let sum = |parts: &[Option<f64>]| parts.iter().copied().sum();
    s.wire_down_bytes_per_event = sum(&[
        s.wire_down_payload_bytes_per_event,
        s.wire_down_framing_bytes_per_event,
        s.wire_down_empty_poll_bytes_per_event,
        s.wire_down_connecting_bytes_per_event,
    ]);
    s.wire_up_bytes_per_event = sum(&[
        s.wire_up_framing_bytes_per_event,
        s.wire_up_empty_poll_bytes_per_event,
        s.wire_up_connecting_bytes_per_event,
    ]);
}

/// Figures over as many decades as there are, bytes on the wire, a limit, a step that is not valid.
pub(crate) fn extreme() -> RunFolder {
    let steps = vec![1, 30, 1_000, 20_000, 1_000_000];
    let mut folder = folder(&Shape { steps, measure_s: 3, events_per_second: 1, ..Shape::default() });
    folder.run.scenario.setup.latency_p99_limit_us = Some(250_000);
    for (at, result) in folder.run.results.iter_mut().enumerate() {
        let decade = (at / 5) as f64;
        let s = &mut result.summary;
        on_the_wire(s, 30f64.powf(decade));
        s.kernel_bytes_per_client = Some(7e3 * 12f64.powf(decade));
        s.target_cpu_us_per_event = Some(0.02 * 40f64.powf(decade));
        if s.step == Some(20_000) && s.kind == "sse" {
            let bound = Bound { condition: Condition::WorkerBusy, warning: 0.8, breach: 0.95 };
            let fact = "a worker thread was busy 97 % of the time (bound 95 %)".to_owned();
            let advice = Some("the generator is the limit".to_owned());
            result.findings = vec![Finding::new(&bound, Level::Breach, 0.97, fact, advice)];
        }
    }
    for interval in &mut folder.labels[0].intervals {
        interval.latency_p99_us = interval.latency_p99_us.map(|_| 600_000_000);
    }
    folder
}
