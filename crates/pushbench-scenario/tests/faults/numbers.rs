//! Numbers and quantities that are well written, and out of range.

use insta::assert_snapshot;

use super::{GOOD, faults};

#[test]
fn too_large_is_not_called_malformed() {
    let table = [
        ("measure = \"10s\"", "measure = \"99999999999999999999999h\""),
        ("rate = \"5/s\"", "rate = \"5/s\"\nsize = \"99999999999999999999999MiB\""),
        ("rate = \"5/s\"", "rate = \"5/s\"\nsize = { min = \"1KiB\", max = \"99999999999999999999999B\" }"),
        ("[phases]", "[thresholds]\nlatency_p99 = \"< 99999999999999999999999s\"\n[phases]"),
    ];
    let listed = table.map(|(line, instead)| faults(&GOOD.replacen(line, instead, 1)));
    assert_snapshot!(listed.join("\n"), @"
    x.toml:9: phases.measure: `99999999999999999999999h` is too large, a duration is at most 2500h
    x.toml:8: events.size: `99999999999999999999999MiB` is too large, a size is at most 9000000000MB
    x.toml:8: events.size: `99999999999999999999999B` is too large, a size is at most 9000000000MB
    x.toml:9: thresholds.latency_p99: `99999999999999999999999s` is too large, a duration is at most 2500h
    ");
    let rate = format!("rate = \"{}/s\"", "9".repeat(400));
    assert_snapshot!(faults(&GOOD.replace("rate = \"5/s\"", &rate)), @"x.toml:7: events.rate: out of range: 0/s to 1000000/s");
}

#[test]
fn each_wrong_number_of_clients_is_named() {
    let counts = |counts: &str| faults(&GOOD.replace("count = 100", &format!("count = {counts}")));
    assert_snapshot!(counts("[1, 5, 5, 3, 0, -1,\n\"x\", 1.5, 99999999999999999999999, 0xff, 9]"), @"
    x.toml:4: clients.count[2]: 5 after 5: each is more than the one before
    x.toml:4: clients.count[3]: 3 after 5: each is more than the one before
    x.toml:4: clients.count[4]: out of range: a whole number from 1 to 10000000
    x.toml:4: clients.count[5]: out of range: a whole number from 1 to 10000000
    x.toml:5: clients.count[6]: found a string, expected a whole number from 1 to 10000000
    x.toml:5: clients.count[7]: found a float, expected a whole number from 1 to 10000000
    x.toml:5: clients.count[8]: out of range: a whole number from 1 to 10000000
    x.toml:5: clients.count[10]: 9 after 255: each is more than the one before
    ");
    assert_snapshot!(counts("[[], {}]"), @"
    x.toml:4: clients.count[0]: found an array, expected a whole number from 1 to 10000000
    x.toml:4: clients.count[1]: found a table, expected a whole number from 1 to 10000000
    ");
}

#[test]
fn a_number_with_too_many_digits_is_out_of_range() {
    let numbers = ["5000000000", "9999999999999999999", "99999999999999999999999", &"9".repeat(50)];
    let listed = numbers.map(|number| {
        let text = GOOD.replace("count = 100", &format!("count = {number}"));
        let text = text.replace("\"broadcast\"", &format!("\"topics\"\ntopics = {number}"));
        faults(&format!("seed = {number}\n{text}\n[target]\nring = {number}"))
    });
    assert_snapshot!(listed.join("\n"), @r#"
    x.toml:5: clients.count: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    x.toml:8: events.topics: out of range: a whole number from 1 to 1000000, or "clients" for one topic each
    x.toml:19: target.ring: out of range: a whole number from 0 to 4294967295
    x.toml:5: clients.count: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    x.toml:8: events.topics: out of range: a whole number from 1 to 1000000, or "clients" for one topic each
    x.toml:19: target.ring: out of range: a whole number from 0 to 4294967295
    x.toml:1: seed: out of range: a whole number from 0 to 18446744073709551615
    x.toml:5: clients.count: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    x.toml:8: events.topics: out of range: a whole number from 1 to 1000000, or "clients" for one topic each
    x.toml:19: target.ring: out of range: a whole number from 0 to 4294967295
    x.toml:1: seed: out of range: the number has too many digits
    x.toml:5: clients.count: out of range: a whole number from 1 to 10000000, or a rising list of such numbers
    x.toml:8: events.topics: out of range: the number has too many digits
    x.toml:19: target.ring: out of range: the number has too many digits
    "#);
}
