//! `run.json` of a made-up run: scenario, host and transports around its results.

use pushbench_measure::results::{
    FORMAT, Host, Run, ScenarioRecord, Setup, Status, StepResult, TransportRecord,
};

use super::Shape;
use super::models::{MODELS, Model};

/// When every made-up run was started.
pub(super) const STARTED: &str = "2026-11-20T14:03:22Z";

pub(super) fn run(shape: &Shape, results: Vec<StepResult>) -> Run {
    Run {
        format: FORMAT,
        version: "0.1.0".to_owned(),
        commit: None,
        command: vec!["pushbench".to_owned(), "run".to_owned(), "scenarios/notifications.toml".to_owned()],
        started: STARTED.to_owned(),
        finished: Some("2026-11-20T14:06:02Z".to_owned()),
        status: Status::Complete,
        reason: None,
        scenario: ScenarioRecord {
            name: "notifications".to_owned(),
            title: "Notifications to mostly idle users".to_owned(),
            path: "scenarios/notifications.toml".to_owned(),
            text: String::new(),
            sha256: String::new(),
            overrides: Vec::new(),
            rounds: shape.rounds,
            setup: Setup {
                seed: 1,
                network: "loopback".to_owned(),
                mtu_bytes: 65_536,
                steps: shape.steps.clone(),
                pattern: "broadcast".to_owned(),
                topics: 1,
                members: None,
                events_per_second: shape.events_per_second.into(),
                event_size: "256 B".to_owned(),
                warmup_s: shape.measure_s.min(5).into(),
                measure_s: shape.measure_s.into(),
                drain_s: 3.0,
                latency_p99_limit_us: None,
                latency_p99_limits_us: std::collections::BTreeMap::new(),
                inject: None,
                coalesce: None,
                life: None,
                slow: None,
            },
            points: Vec::new(),
            sweep: None,
        },
        calibration: None,
        host: Host {
            name: "bench-1".to_owned(),
            kernel: "Linux 6.18.0 x86_64".to_owned(),
            cpu: "AMD EPYC 7763".to_owned(),
            cpus: 2,
            memory_bytes: 8 << 30,
            open_files: 20_000,
            ports: (32_768, 60_999),
            ..Host::default()
        },
        transports: MODELS.iter().take(shape.transports).map(transport).collect(),
        results,
        capacity: Vec::new(),
    }
}

fn transport(model: &Model) -> TransportRecord {
    TransportRecord {
        label: model.label.to_owned(),
        kind: model.kind.to_owned(),
        kind_index: model.kind_index,
        settings: model.settings.to_owned(),
        poll_interval_us: model.poll_s.map(|poll_s| (poll_s * 1e6) as u64),
    }
}
