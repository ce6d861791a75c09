//! `[slow]`, and the keys of `[target]` that say what becomes of slow readers: keys, and what values are sensible.

use pushbench_transport::{Period, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::keys;
use super::span::Span;
use crate::plan::Phases;
use crate::quantity::{ByteRate, Share};
use crate::section::{FaultList, Section};
use crate::slow::{Reading, Slow};

/// Clients that read slowly.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(rename = "Slow", deny_unknown_fields)]
pub(crate) struct Keys {
    /// Share of the clients that read slowly, at most 99%.
    #[schemars(required)]
    share: Option<Share>,
    /// How much each of them reads, from 1KiB/s to 100MB/s; or `stop`.
    #[schemars(with = "ByteRate")]
    read: Option<ByteRate>,
    /// When, since the begin of the measure phase, they stop reading, and for how long; or `read`.
    #[schemars(with = "Span")]
    stop: Option<Span>,
    /// Receive buffer that their sockets ask for, from 2KiB to 1MiB.
    receive_buffer: Size,
}

impl Default for Keys {
    fn default() -> Self {
        Self { share: None, read: None, stop: None, receive_buffer: Size::from_bytes(16 << 10) }
    }
}

/// Below, the head of a response takes longer than clients wait for it.
const LEAST_BYTES_PER_SECOND: u64 = 1 << 10;
const MOST_BYTES_PER_SECOND: u64 = 100_000_000;

/// `None` where there is no such table, or with faults.
pub(super) fn read(
    section: &Section,
    is_there: bool,
    phases: &Phases,
    faults: &mut FaultList,
) -> Option<Slow> {
    let keys = section.read(Keys::default(), None, &[], faults);
    if !is_there {
        return None;
    }
    section.require("share", faults, "a share such as \"10%\"");
    if let Some(share) = &keys.share {
        section.check(
            "share",
            share.part() <= 0.99,
            faults,
            "0% to 99%: somebody has to read as fast as can be",
        );
    }
    let buffer = keys.receive_buffer.bytes();
    section.check("receive_buffer", (2 << 10..=1 << 20).contains(&buffer), faults, "2KiB to 1MiB");
    let reading = reading(section, &keys, phases, faults);
    Some(Slow {
        share: keys.share?.part(),
        reading: reading?,
        receive_buffer_bytes: u32::try_from(buffer).unwrap_or(u32::MAX),
    })
}

fn reading(section: &Section, keys: &Keys, phases: &Phases, faults: &mut FaultList) -> Option<Reading> {
    match (section.value("read"), section.value("stop")) {
        (None, None) => {
            let allowed = "a rate of bytes such as \"10KiB/s\", or stop = { at = \"10s\", for = \"5s\" }";
            section.require("read", faults, allowed);
        }
        (Some(_), Some(_)) => section.fault("stop", faults, "not allowed beside `read`: one of both"),
        _ => {}
    }
    if let Some(rate) = &keys.read {
        let sensible = (LEAST_BYTES_PER_SECOND..=MOST_BYTES_PER_SECOND).contains(&rate.bytes_per_second());
        section.check("read", sensible, faults, "1KiB/s to 100MB/s");
        return Some(Reading::Rate(rate.bytes_per_second() as f64));
    }
    let stop = keys.stop?;
    let (at, span) = (stop.at(), stop.lasts());
    let shortest = Duration::from_millis(1);
    section.check("stop", span >= shortest, faults, "`for` is at least 1ms");
    // Of phases that are at fault themselves nothing follows.
    if !faults.has("phases.measure") && at.saturating_add(span) > phases.measure {
        let measure = Period::from_duration(phases.measure);
        let end = Period::from_duration(at.saturating_add(span));
        section.fault(
            "stop",
            faults,
            format!("out of range: it ends at {end}, and the measure phase is {measure} long"),
        );
    }
    Some(Reading::Stop { at, span })
}

/// Checks the keys of `[target]`.
pub(super) fn check_target(section: &Section, keys: &keys::Target, faults: &mut FaultList) {
    let backlog = keys.backlog.bytes();
    section.check("backlog", (1 << 10..=1 << 30).contains(&backlog), faults, "1KiB to 1024MiB");
    let sensible = keys.send_buffer.is_none_or(|size| (4 << 10..=4 << 20).contains(&size.bytes()));
    section.check("send_buffer", sensible, faults, "4KiB to 4MiB");
}
