//! `[events]` with `pattern = "chat"`: the rooms, checked against the numbers of clients and of targets.

use crate::choice::{ClientCounts, TopicCount};
use crate::plan::{Events, Source, Topics, rooms as rooms_of};
use crate::section::{FaultList, Section};

/// Fewest clients of a room: one alone has nobody to hear it.
const FEWEST_MEMBERS: u32 = 2;

/// The rooms of a chat.
pub(super) fn rooms(
    section: &Section,
    members: Option<u32>,
    steps: &[u32],
    faults: &mut FaultList,
) -> Option<Topics> {
    section.require("members", faults, "the clients of a room, such as 50");
    let members = members?;
    let (least, most) = (steps.iter().min().copied(), steps.iter().max().copied().unwrap_or_default());
    if !(FEWEST_MEMBERS..=ClientCounts::MOST).contains(&members) {
        section.check("members", false, faults, &format!("2 to {} clients", ClientCounts::MOST));
        return None;
    }
    if let Some(least) = least.filter(|least| members > *least) {
        section.fault("members", faults, format!("a room of {members} is larger than all {least} clients"));
        faults.hint(Some(format!("write members = {least}, or have more clients")));
        return None;
    }
    let rooms = rooms_of(most, members);
    let allowed =
        format!("{most} clients would have {rooms} rooms, at most {} are allowed", TopicCount::MOST);
    section.check("members", rooms <= TopicCount::MOST, faults, &allowed);
    Some(Topics::Rooms { members })
}

/// All members of a room are at one target, so there is no use for more targets than rooms.
pub(super) fn check_targets(
    section: &Section,
    targets: Option<u32>,
    events: Option<&Events>,
    steps: &[u32],
    faults: &mut FaultList,
) {
    let Some(Events { topics: Topics::Rooms { members }, source: Source::Members, .. }) = events else {
        return;
    };
    let Some((targets, least)) = targets.zip(steps.iter().min()) else { return };
    let rooms = rooms_of(*least, *members);
    if targets > rooms && !faults.has("target.processes") {
        let problem = format!("{targets} targets for {rooms} rooms: the members of a room are at one target");
        section.fault("processes", faults, problem);
        faults.hint(Some(format!("write processes = {rooms}, or have smaller rooms")));
    }
}
