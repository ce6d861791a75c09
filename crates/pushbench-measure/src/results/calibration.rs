//! `calibration.json`: what a machine costs at least, and what pushbench costs above it.

use serde::{Deserialize, Deserializer, Serialize};

use super::Host;

/// Version of `calibration.json`. Readers pass over other versions.
pub const CALIBRATION_FORMAT: u32 = 2;

/// The calibration inside `run.json`; `None` where there is none, or one of a format that is not known here.
pub(super) fn understood<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Calibration>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(reader)?;
    let calibration = value.and_then(|value| serde_json::from_value::<Calibration>(value).ok());
    Ok(calibration.filter(|calibration| calibration.format == CALIBRATION_FORMAT))
}

/// Names of the figures of a calibration, units in the names.
pub mod calibrated {
    /// CPU time of one send: of the target per delivered event.
    pub const SEND_CPU_US: &str = "send_cpu_us";
    /// CPU time of one receive: of the workers per delivered event.
    pub const RECEIVE_CPU_US: &str = "receive_cpu_us";
    /// Deliveries per second with both sides flat out, none lost.
    pub const DELIVERIES_PER_SECOND: &str = "deliveries_per_second";
    /// The same with a target that gathers events before it writes them.
    pub const COALESCED_DELIVERIES_PER_SECOND: &str = "coalesced_deliveries_per_second";
    /// Messages that one read brought with both sides flat out.
    pub const EVENTS_PER_READ: &str = "events_per_read";
    /// The same with a target that gathers events before it writes them.
    pub const COALESCED_EVENTS_PER_READ: &str = "coalesced_events_per_read";
    /// A paced message there and back, median.
    pub const ROUND_TRIP_P50_US: &str = "round_trip_p50_us";
    /// A paced message there and back, 90th percentile.
    pub const ROUND_TRIP_P90_US: &str = "round_trip_p90_us";
    /// A paced message one way, median: half a round trip, and received − published.
    pub const ONE_WAY_P50_US: &str = "one_way_p50_us";
    /// Connections opened per second, flat out.
    pub const CONNECTS_PER_SECOND: &str = "connects_per_second";
    /// CPU time of one connection's opening, both sides.
    pub const CONNECT_CPU_US: &str = "connect_cpu_us";
    /// Memory of the kernel for one connection, both ends.
    pub const KERNEL_BYTES_PER_CONNECTION: &str = "kernel_bytes_per_connection";
    /// Memory of the target per client.
    pub const TARGET_BYTES_PER_CLIENT: &str = "target_bytes_per_client";
    /// Memory of the workers per client.
    pub const WORKER_BYTES_PER_CLIENT: &str = "worker_bytes_per_client";
}

/// `calibration.json`: one machine, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// [`CALIBRATION_FORMAT`].
    pub format: u32,
    /// Version of pushbench.
    pub version: String,
    /// When it was begun, RFC 3339, UTC.
    pub started: String,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// The machine.
    pub host: Host,
    /// Connections of the fan-out: what they were cut down to where open files were few.
    pub connections: u32,
    /// Messages per connection and second of the fan-out.
    pub events_per_second: f64,
    /// Size of a message in bytes.
    pub message_bytes: u32,
    /// How often each bare job was repeated.
    pub repetitions: u32,
    /// What is smaller, missing or doubtful, for people.
    pub notes: Vec<String>,
    /// The figures, in the order of the table.
    pub figures: Vec<CalibratedFigure>,
    /// The runs behind the figures of transports.
    pub runs: Vec<CalibrationRun>,
}

/// One figure: with bare sockets and through pushbench.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibratedFigure {
    /// One of [`calibrated`].
    pub name: String,
    /// A few words for people.
    pub title: String,
    /// Its unit: `µs`, `1/s`, `events` or `bytes`.
    pub unit: String,
    /// What it is: with bare sockets; through pushbench.
    pub meaning: String,
    /// With bare sockets; `None` where there is no such thing or it could not be measured.
    pub bare: Option<Spread>,
    /// Through pushbench, one entry a transport.
    pub through: Vec<Through>,
}

/// A median with the least and the most of all repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The median; of an even number the mean of the middle two.
    pub median: f64,
    /// The least.
    pub lo: f64,
    /// The most.
    pub hi: f64,
}

/// A figure through pushbench.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Through {
    /// The transport's label.
    pub label: String,
    /// The figure; `None` where it was not measured.
    pub value: Option<f64>,
    /// The figure over the bare one; `None` where one of them is unknown.
    pub ratio: Option<f64>,
    /// False where the run behind it was not valid.
    pub valid: bool,
}

/// A run that was made for a calibration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationRun {
    /// The transport's label.
    pub label: String,
    /// What was run: `fan-out`, `one way`, `flat out` or `flat out, coalesced`.
    pub job: String,
    /// `valid`, `warning` or `invalid`, as in `summary.csv`.
    pub verdict: String,
    /// What was found, where the verdict is not `valid`.
    pub reasons: Vec<String>,
}

impl Calibration {
    /// A figure by its name.
    #[must_use]
    pub fn figure(&self, name: &str) -> Option<&CalibratedFigure> {
        self.figures.iter().find(|figure| figure.name == name)
    }

    /// A figure of bare sockets by its name, its median.
    #[must_use]
    pub fn bare(&self, name: &str) -> Option<f64> {
        Some(self.figure(name)?.bare?.median)
    }

    /// The day it was made, such as `2026-11-20`.
    #[must_use]
    pub fn day(&self) -> &str {
        self.started.split('T').next().unwrap_or_default()
    }

    /// Whether every run behind it was valid.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.runs.iter().all(CalibrationRun::is_valid)
    }
}

impl CalibrationRun {
    /// Whether its figures may be believed.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        matches!(self.verdict.as_str(), "valid" | "warning")
    }
}

impl Spread {
    /// Median, least and most; `None` without a value, and where one is not a number.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (lo, hi) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        [lo, median, hi].iter().all(|value| value.is_finite()).then_some(Self { median, lo, hi })
    }

    /// A value that was taken once.
    #[must_use]
    pub const fn once(value: f64) -> Self {
        Self { median: value, lo: value, hi: value }
    }

    /// From the least to the most, as a share of the median.
    #[must_use]
    pub fn relative_width(&self) -> f64 {
        (self.hi - self.lo) / self.median
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_median_and_both_ends() {
        let spread = |median, lo, hi| Some(Spread { median, lo, hi });
        let table: [(&[f64], Option<Spread>); 5] = [
            (&[], None),
            (&[2.0], spread(2.0, 2.0, 2.0)),
            (&[3.0, 1.0, 2.0], spread(2.0, 1.0, 3.0)),
            (&[4.0, 1.0, 2.0, 3.0], spread(2.5, 1.0, 4.0)),
            (&[1.0, f64::NAN, 2.0], None),
        ];
        for (values, expected) in table {
            assert_eq!(Spread::of(values), expected, "{values:?}");
        }
        assert_eq!(Spread::of(&[4.0, 5.0, 6.0]).map(|spread| spread.relative_width()), Some(0.4));
    }

    #[test]
    fn a_calibration_that_is_not_understood_is_none_and_the_rest_is_read() {
        #[derive(Deserialize)]
        struct Holder {
            #[serde(default, deserialize_with = "understood")]
            calibration: Option<Calibration>,
            behind: u32,
        }
        let known = r#"{"format": 2, "version": "0.1.0", "started": "2026-11-20T14:03:22Z", "took_s": 1.0,
            "host": {"name": "a", "kernel": "", "cpu": "", "cpus": 2, "memory_bytes": 1, "open_files": 1,
                "ports": [1, 2], "target_cpus": [], "worker_cpus": []},
            "connections": 1, "events_per_second": 1.0, "message_bytes": 1, "repetitions": 1, "notes": [],
            "figures": [], "runs": [], "added later": 1}"#;
        let table = [
            (Some(known.to_owned()), true),
            (Some(known.replace("\"format\": 2", "\"format\": 1")), false),
            (Some(known.replace("\"figures\": []", "\"figures\": {}")), false),
            (Some(r#"{"format": 3, "floors": [6.0]}"#.to_owned()), false),
            (Some("7".to_owned()), false),
            (Some("null".to_owned()), false),
            (None, false),
        ];
        for (calibration, understood) in table {
            let entry =
                calibration.as_ref().map(|text| format!("\"calibration\": {text}, ")).unwrap_or_default();
            let holder: Holder = serde_json::from_str(&format!("{{{entry}\"behind\": 5}}")).unwrap();
            assert_eq!((holder.calibration.is_some(), holder.behind), (understood, 5), "{calibration:?}");
        }
    }

    #[test]
    fn a_machine_is_the_same_by_name_kernel_and_cpus() {
        let host = |name: &str, kernel: &str, cpus| Host {
            name: name.to_owned(),
            kernel: kernel.to_owned(),
            cpu: "EPYC".to_owned(),
            cpus,
            ..Host::default()
        };
        let here = host("a", "Linux 6", 2);
        let table = [
            (Host { open_files: 7, memory_bytes: 9, ..here.clone() }, true),
            (host("b", "Linux 6", 2), false),
            (host("a", "Linux 7", 2), false),
            (host("a", "Linux 6", 4), false),
            (Host { cpu: "Xeon".to_owned(), ..here.clone() }, false),
        ];
        for (other, same) in table {
            assert_eq!(here.is_same_machine(&other), same, "{other:?}");
        }
    }
}
