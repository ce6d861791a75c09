//! Faults of `[events]` with `pattern = "chat"`.

use insta::assert_snapshot;
use pushbench_scenario::Overrides;

use crate::{GOOD, faults, faults_with};

/// A good file with a chat instead, and more behind it.
fn chat(keys: &str, more: &str) -> String {
    GOOD.replace("pattern = \"broadcast\"\nrate = \"5/s\"", &format!("pattern = \"chat\"\n{keys}")) + more
}

#[test]
fn rooms_have_members_and_are_no_larger_than_all_clients() {
    assert_snapshot!(faults(&chat("rate = \"5/s\"", "")), @r#"x.toml:5: events.members: missing: the clients of a room, such as 50"#);
    assert_snapshot!(faults(&chat("rate = \"5/s\"\nmembers = 101", "")), @r#"
    x.toml:8: events.members: a room of 101 is larger than all 100 clients
      hint: write members = 100, or have more clients
    "#);
    assert_snapshot!(faults(&chat("rate = \"5/s\"\nmembers = 1", "")), @r#"x.toml:8: events.members: out of range: 2 to 10000000 clients"#);
    assert_snapshot!(faults(&chat("rate = \"5/s\"\nmembers = \"ten\"", "")), @r#"x.toml:8: events.members: found string "ten", expected a whole number, 0 or more"#);
    assert_snapshot!(faults(&chat("rate = \"5/s\"\nmembers = 10\ntopics = 5", "")), @r#"
    x.toml:9: events.topics: not allowed with pattern = "chat"
      hint: leave it out, or write pattern = "topics"
    "#);
    assert_snapshot!(faults(&chat("rate = \"5/s\"\nmembers = 10\nsize = \"70B\"", "")), @r#"
    x.toml:9: events.size: 70B is too small, at least 78B are needed
      hint: every event carries its number, two instants and its topic
    "#);
    assert_snapshot!(faults(&GOOD.replace("rate = \"5/s\"", "rate = \"5/s\"\nmembers = 10")), @r#"
    x.toml:8: events.members: not allowed with pattern = "broadcast"
      hint: leave it out, or write pattern = "chat"
    "#);
}

#[test]
fn the_smallest_step_has_to_fill_a_room_also_where_the_command_line_says_how_many_there_are() {
    let steps = chat("rate = \"5/s\"\nmembers = 60", "").replace("count = 100", "count = [50, 100]");
    assert_snapshot!(faults(&steps), @r#"
    x.toml:8: events.members: a room of 60 is larger than all 50 clients
      hint: write members = 50, or have more clients
    "#);
    let fewer = Overrides { clients: Some(vec![20]), ..Overrides::default() };
    assert_snapshot!(faults_with(&chat("rate = \"5/s\"\nmembers = 60", ""), &fewer), @r#"
    x.toml:8: events.members: a room of 60 is larger than all 20 clients
      hint: write members = 20, or have more clients
    "#);
}

#[test]
fn messages_are_counted_over_all_clients() {
    let many = chat("rate = \"100/s\"\nmembers = 50", "").replace("measure = \"10s\"", "measure = \"1000s\"");
    assert_snapshot!(faults(&many), @r#"x.toml:10: phases.measure: out of range: at most 10000000 events in all, 10050000 would be due: lower events.rate"#);
}

#[test]
fn a_room_is_at_one_target() {
    assert_snapshot!(faults(&chat("rate = \"5/s\"\nmembers = 40", "[target]\nprocesses = 3\n")), @r#"
    x.toml:17: target.processes: 3 targets for 2 rooms: the members of a room are at one target
      hint: write processes = 2, or have smaller rooms
    "#);
}
