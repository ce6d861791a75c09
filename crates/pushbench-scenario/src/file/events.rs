//! `[events]`: what is published, checked against the numbers of clients.

use pushbench_transport::{Size, envelope};

use super::keys::{self, Pattern, PatternKeys};
use super::recorded::ReadFile;
use super::{HIGHEST_RATE, answers, chat};
use crate::choice::{SizeChoice, TopicCount};
use crate::plan::{EventSize, Events, Source, Topics, topic_name};
use crate::section::{FaultList, Section};
use crate::shape::Shape;

/// `None` only if there are faults.
pub(super) fn read(
    section: &Section,
    steps: &[u32],
    file: ReadFile<'_>,
    faults: &mut FaultList,
) -> Option<Events> {
    let keys = section.read(keys::Events::default(), None, &[], faults);
    section.require("pattern", faults, "\"broadcast\", \"topics\", \"stream\" or \"chat\"");
    section.require("rate", faults, "a rate such as \"5/s\"");
    if let Some(rate) = &keys.rate {
        section.check("rate", rate.per_second() <= HIGHEST_RATE, faults, "0/s to 1000000/s");
    }
    let topics = topics(section, &keys, steps, faults);
    refuse_keys_of_others(section, keys.pattern, faults);
    let known = topics.unwrap_or(Topics::Broadcast);
    let number = known.number(steps.iter().copied().max().unwrap_or(1));
    let name = topic_name(known, number.saturating_sub(1));
    let size = size(section, keys.size, envelope::smallest_size(name.len() as u64), faults);
    let source = source(section, &keys, file, faults);
    Some(Events {
        topics: topics?,
        source: source?,
        rate: keys.rate?.per_second(),
        shape: Shape::FLAT,
        arrival: keys.arrival,
        size,
    })
}

fn refuse_keys_of_others(section: &Section, pattern: Option<Pattern>, faults: &mut FaultList) {
    let Some(pattern) = pattern else { return };
    for of_other in PatternKeys::ALL.iter().filter(|keys| keys.pattern != pattern) {
        for key in of_other.all().filter(|key| section.value(key).is_some()) {
            section.fault(key, faults, format!("not allowed with pattern = \"{}\"", pattern.name()));
            faults.hint(Some(format!("leave it out, or write pattern = \"{}\"", of_other.pattern.name())));
        }
    }
}

/// Who makes events.
fn source(
    section: &Section,
    keys: &keys::Events,
    file: ReadFile<'_>,
    faults: &mut FaultList,
) -> Option<Source> {
    match keys.pattern? {
        Pattern::Stream => answers::read(section, keys, file, faults).map(Source::Answers),
        Pattern::Chat => Some(Source::Members),
        Pattern::Broadcast | Pattern::Topics => Some(Source::Publisher),
    }
}

fn topics(section: &Section, keys: &keys::Events, steps: &[u32], faults: &mut FaultList) -> Option<Topics> {
    let most_clients = steps.iter().copied().max().unwrap_or(0);
    let least_clients = steps.iter().copied().min().unwrap_or(0);
    match (keys.pattern?, keys.topics) {
        (Pattern::Chat, _) => chat::rooms(section, keys.members, steps, faults),
        (Pattern::Broadcast, _) => Some(Topics::Broadcast),
        (Pattern::Stream, _) => {
            let allowed =
                format!("clients of a stream have a topic each; at most {} topics", TopicCount::MOST);
            section.check("pattern", most_clients <= TopicCount::MOST, faults, &allowed);
            Some(Topics::PerClient)
        }
        (Pattern::Topics, None) => {
            section.require("topics", faults, TopicCount::ALLOWED);
            None
        }
        (Pattern::Topics, Some(TopicCount::Clients)) => {
            let allowed =
                format!("one topic each for {most_clients} clients; at most {} topics", TopicCount::MOST);
            section.check("topics", most_clients <= TopicCount::MOST, faults, &allowed);
            Some(Topics::PerClient)
        }
        (Pattern::Topics, Some(TopicCount::Number(count))) => {
            if !(1..=TopicCount::MOST).contains(&count) {
                section.check("topics", false, faults, TopicCount::ALLOWED);
            } else if least_clients > 0 && count > least_clients {
                let problem =
                    format!("{count} topics for {least_clients} clients: no more topics than clients");
                section.fault("topics", faults, problem);
                faults.hint(Some("write topics = \"clients\" for one topic each, at any number".to_owned()));
            }
            Some(Topics::Count(count))
        }
    }
}

fn size(section: &Section, choice: SizeChoice, smallest: u64, faults: &mut FaultList) -> EventSize {
    let (low, high) = match choice {
        SizeChoice::Fixed(size) => (size, size),
        SizeChoice::Uniform { min, max } => (min, max),
        SizeChoice::LogNormal { p50, p99 } => (p50, p99),
    };
    let largest = Size::from_bytes(u64::from(EventSize::LARGEST));
    if low > high {
        section.fault("size", faults, format!("{low} is more than {high}: min <= max and p50 <= p99"));
    } else if low.bytes() < smallest {
        section.fault("size", faults, format!("{low} is too small, at least {smallest}B are needed"));
        faults.hint(Some("every event carries its number, two instants and its topic".to_owned()));
    }
    if high > largest {
        section.fault("size", faults, format!("{high} is too large, at most {largest} are accepted"));
    }
    // What does not fit is a fault above.
    let bytes = |size: Size| u32::try_from(size.bytes()).unwrap_or(EventSize::LARGEST);
    match choice {
        SizeChoice::Fixed(size) => EventSize::Fixed(bytes(size)),
        SizeChoice::Uniform { min, max } => EventSize::Uniform { min: bytes(min), max: bytes(max) },
        SizeChoice::LogNormal { p50, p99 } => EventSize::LogNormal { p50: bytes(p50), p99: bytes(p99) },
    }
}
