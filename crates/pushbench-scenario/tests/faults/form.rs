//! What is missing, is no TOML, has the wrong shape, or must not be shown as it is.

use insta::assert_snapshot;
use pushbench_scenario::{Overrides, parse};

use crate::{GOOD, faults};

#[test]
fn missing_things_are_named() {
    assert_snapshot!(faults(""), @r#"
    x.toml:1: name: missing: lowercase letters, digits and hyphens
    x.toml:1: clients.count: missing: a whole number from 1 to 10000000, or a rising list of such numbers
    x.toml:1: events.pattern: missing: "broadcast", "topics", "stream" or "chat"
    x.toml:1: events.rate: missing: a rate such as "5/s"
    x.toml:1: phases.measure: missing: a duration such as "30s"
    x.toml:1: transports: missing: at least one [[transports]]
    "#);
    assert_snapshot!(faults("[clients]\n\n[events]\npattern = \"topics\"\nrate = \"1/s\"\n[phases]\n[[transports]]\n"), @r#"
    x.toml:1: name: missing: lowercase letters, digits and hyphens
    x.toml:1: clients.count: missing: a whole number from 1 to 10000000, or a rising list of such numbers
    x.toml:3: events.topics: missing: a whole number from 1 to 1000000, or "clients" for one topic each
    x.toml:6: phases.measure: missing: a duration such as "30s"
    x.toml:7: transports[0].kind: missing: one of short-polling, long-polling, sse, websocket
    "#);
}

#[test]
fn text_that_is_not_toml_has_one_fault() {
    assert_snapshot!(faults("name = \"a\"\n\n[clients\ncount = 1\n[events"), @"x.toml:3: not TOML: unclosed table, expected `]`");
    assert_snapshot!(faults("name = \"a\"\nname = \"b\"\n"), @"x.toml:2: not TOML: duplicate key");
}

#[test]
fn a_table_of_the_wrong_shape_is_named() {
    let text = GOOD.replace("[[transports]]\nkind = \"sse\"\n[[transports]]", "[transports]");
    assert_snapshot!(faults(&text), @r"
    x.toml:10: transports: expected a list of tables, found a table
      hint: write [[transports]] with two brackets
    ");
    assert_snapshot!(faults("clients = 5\nevents = []\ntransports = [1]\nname = \"a\""), @r#"
    x.toml:1: clients: expected a table, found an integer
      hint: write [clients] on a line of its own and the keys below it
    x.toml:1: phases.measure: missing: a duration such as "30s"
    x.toml:2: events: expected a table, found an array
      hint: write [events] on a line of its own and the keys below it
    x.toml:3: transports[0]: expected a table, found an integer
    "#);
}

#[test]
fn no_text_that_is_shown_controls_a_terminal() {
    for title in ["red\\u001b[31m", "two\\nlines", "bell\\u0007", "\\u009b31m", "\\u007f"] {
        assert_eq!(
            faults(&format!("title = \"{title}\"{GOOD}")),
            "x.toml:1: title: no control characters are allowed, such as escapes and line breaks"
        );
    }
    let text = GOOD.replace("[phases]", "[thresholds]\nlost = \"==\\n0\"\n[phases]");
    assert_eq!(
        faults(&text),
        "x.toml:9: thresholds.lost: no control characters are allowed, such as escapes and line breaks"
    );
    assert!(parse(&format!("title = \"žluťoučký – 你好\"{GOOD}"), "x.toml", &Overrides::default()).is_ok());
}
