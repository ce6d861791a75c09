//! Faults of the command line's values in place of the file's.

use insta::assert_snapshot;
use pushbench_scenario::Overrides;
use pushbench_transport::Period;

use crate::{GOOD, faults_with};

#[test]
fn overrides_have_faults_without_a_line() {
    let overrides = Overrides {
        clients: Some(vec![0]),
        rate: "2000000/s".parse().ok(),
        duration: Some(Period::from_millis(1)),
        seed: None,
        repeat: Some(101),
        only: vec!["websocket".to_owned(), "short-pollin".to_owned()],
        points: Vec::new(),
        inject: None,
    };
    assert_snapshot!(faults_with(GOOD, &overrides), @r"
    x.toml: --clients: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    x.toml: --rate: 2000000/s is out of range: 0/s to 1000000/s
    x.toml: --duration: 1ms is out of range: 1s to 24h
    x.toml: --repeat: 101 is out of range: 1 to 100 rounds
    x.toml: --only: no transport has the label `websocket`, labels are sse, short-polling
    x.toml: --only: no transport has the label `short-pollin`, labels are sse, short-polling
      hint: did you mean `short-polling`?
    ");
    let topics = GOOD.replace("\"broadcast\"", "\"topics\"\ntopics = 50");
    let fewer = Overrides { clients: Some(vec![20]), ..Overrides::default() };
    assert_snapshot!(faults_with(&topics, &fewer), @r#"
    x.toml:7: events.topics: 50 topics for 20 clients: no more topics than clients
      hint: write topics = "clients" for one topic each, at any number
    "#);
}
