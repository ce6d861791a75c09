//! Faults of `target.coalesce`.

use insta::assert_snapshot;

use crate::{GOOD, faults};

#[test]
fn a_mode_that_does_not_exist_names_those_that_do_and_what_it_holds_back_must_fit_the_drain() {
    let coalesce = |value: &str| format!("{GOOD}[target]\ncoalesce = {value}\n");
    assert_snapshot!(faults(&coalesce("\"on\"")), @r#"x.toml:16: target.coalesce: `on` is not allowed: "off", "tick", or a duration of 1ms to 1s, such as "2ms""#);
    assert_snapshot!(faults(&coalesce("\"2s\"")), @r#"x.toml:16: target.coalesce: 2s is out of range: "off", "tick", or a duration of 1ms to 1s, such as "2ms""#);
    assert_snapshot!(faults(&coalesce("2")), @r#"x.toml:16: target.coalesce: found integer `2`, expected "off", "tick", or a duration of 1ms to 1s, such as "2ms""#);
    let short = coalesce("\"500ms\"").replace("measure = \"10s\"", "measure = \"10s\"\ndrain = \"2s\"");
    assert_snapshot!(faults(&short), @r#"
    x.toml:10: phases.drain: 2s is too short: an event may wait 1s in `short-polling` and 500ms by target.coalesce, so at least 2500ms is needed
      hint: write drain = "2500ms", or have `short-polling` wait less
    "#);
}
