//! Faults of `[life]`.

use insta::assert_snapshot;
use pushbench_scenario::{Overrides, parse};

use crate::{GOOD, faults};

#[test]
fn what_makes_no_life_is_told_key_by_key() {
    let table = [
        "lifetime = \"99ms\"",
        "lifetime = { mean = \"20ms\" }",
        "lifetime = { min = \"2s\", max = \"1s\" }",
        "lifetime = { p50 = \"1s\" }",
        "lifetime = \"1s\"\npause = \"1ms\"",
        "pause = \"1s\"",
        "resume = \"yes\"",
        "storm = { at = \"2s\" }",
        "storm = { at = \"2s\", share = \"0%\" }",
        "storm = { at = \"2s\", share = \"101%\" }",
        "storm = { at = \"10s\", share = \"10%\" }",
        "storm = \"2s\"",
        "restart = { at = \"2s\", for = \"99ms\" }",
        "restart = { at = \"8s\", for = \"2s\" }",
        "restart = { at = \"2s\", during = \"2s\" }",
        "restart = { at = \"2s\" }",
        "storm = { at = \"4s\", share = \"10%\" }\nrestart = { at = \"2s\", for = \"1s\" }",
        "storm = { at = \"1s\", share = \"10%\" }\nrestart = { at = \"5s\", for = \"1s\" }",
    ];
    let listed = table.map(|life| {
        let text = format!("{GOOD}[life]\n{life}\n");
        format!("{}\n    {}", life.replace('\n', "; "), faults(&text).replace('\n', "\n    "))
    });
    assert_snapshot!(listed.join("\n"), @r#"
    lifetime = "99ms"
        x.toml:16: life.lifetime: out of range: 100ms to 24h
    lifetime = { mean = "20ms" }
        x.toml:16: life.lifetime: out of range: 100ms to 24h
    lifetime = { min = "2s", max = "1s" }
        x.toml:16: life.lifetime: 2s is more than 1s: min <= max and p50 <= p99
    lifetime = { p50 = "1s" }
        x.toml:16: life.lifetime: found keys that make no law, expected a duration such as "50ms", { mean = "…" }, { min = "…", max = "…" } or { p50 = "…", p99 = "…" }
    lifetime = "1s"; pause = "1ms"
        x.toml:17: life.pause: out of range: 10ms to 24h
    pause = "1s"
        x.toml:16: life.pause: not allowed without lifetime: nobody leaves
          hint: write lifetime = { mean = "30s" }, or leave it out
    resume = "yes"
        x.toml:16: life.resume: found string "yes", expected a boolean
    storm = { at = "2s" }
        x.toml:16: life.storm: both `at` and `share` are needed, such as { at = "10s", share = "50%" }
    storm = { at = "2s", share = "0%" }
        x.toml:16: life.storm: share is out of range: more than 0%, at most 100%
    storm = { at = "2s", share = "101%" }
        x.toml:16: life.storm: `101%` is not a share: 0 to 100 and a percent sign, such as "1%"
    storm = { at = "10s", share = "10%" }
        x.toml:16: life.storm: 10s is not within the measure phase, which lasts 10s
    storm = "2s"
        x.toml:16: life.storm: found string "2s", expected a table such as { at = "10s", share = "50%" }
    restart = { at = "2s", for = "99ms" }
        x.toml:16: life.restart: for is out of range: at least 100ms
    restart = { at = "8s", for = "2s" }
        x.toml:16: life.restart: its end at 10s is not within the measure phase, which lasts 10s
    restart = { at = "2s", during = "2s" }
        x.toml:16: life.restart: unknown key `during`, allowed: at, for
    restart = { at = "2s" }
        x.toml:16: life.restart: both `at` and `for` are needed, such as { at = "10s", for = "5s" }
    storm = { at = "4s", share = "10%" }; restart = { at = "2s", for = "1s" }
        x.toml:16: life.storm: it overlaps with restart: 5s must lie between the two
    storm = { at = "1s", share = "10%" }; restart = { at = "5s", for = "1s" }
        x.toml:16: life.storm: it overlaps with restart: 5s must lie between the two
    "#);
}

#[test]
fn clients_must_have_time_to_come_back() {
    let life =
        |life: &str| format!("{}[life]\n{life}\n", GOOD.replace("kind = \"sse\"", "kind = \"websocket\""));
    let restart = life("restart = { at = \"5s\", for = \"2s\" }");
    assert_snapshot!(faults(&restart), @r#"
    x.toml:16: life.restart: no time to come back: a client of `websocket` may wait 16s before it connects again, so measure and drain together must last 24s at least, not 15s
      hint: have it earlier, or have `websocket` retry sooner
    "#);
    // Of a storm no connect fails, so nobody has to wait for long.
    let storm = life("storm = { at = \"7s\", share = \"10%\" }");
    assert!(parse(&storm, "x.toml", &Overrides::default()).is_ok());
    let shorter = Overrides { duration: Some("5s".parse().unwrap()), ..Overrides::default() };
    assert!(parse(&storm, "x.toml", &shorter).is_err(), "the storm would come after the end");
}
