//! Any text at all: nothing panics, and each fault has a line.

use proptest::prelude::*;
use pushbench_scenario::{Overrides, parse};

use crate::GOOD;

/// A good file with a part of it replaced by anything: most are still TOML, and many still half a scenario.
fn mutilated() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "\\PC{0,8}",
        "[0-9]{1,25}",
        prop::sample::select(vec![
            "\"",
            "\"\"",
            "-1",
            "nan",
            "1e400",
            "{}",
            "[]",
            "[[]]",
            "true",
            "\"9999999h\"",
            "=",
            "\n"
        ])
        .prop_map(str::to_owned),
    ];
    (prop::sample::subsequence((0..GOOD.len()).collect::<Vec<_>>(), 2), part)
        .prop_map(|(cut, part)| format!("{}{part}{}", &GOOD[..cut[0]], &GOOD[cut[1]..]))
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        let _ = parse(&text, "x.toml", &Overrides::default());
    }

    #[test]
    fn no_value_makes_the_checks_panic_and_each_fault_has_a_line(
        text in mutilated(),
        clients in prop::option::of(prop::collection::vec(any::<u32>(), 0..3)),
    ) {
        let lines = text.split('\n').count() as u32;
        if let Err(faults) = parse(&text, "x.toml", &Overrides { clients, ..Overrides::default() }) {
            prop_assert!(!faults.faults.is_empty());
            for fault in faults.faults {
                let of_command_line = fault.key.starts_with("--");
                prop_assert!(fault.line.map_or(of_command_line, |line| (1..=lines).contains(&line)), "{fault:?}");
            }
        }
    }

    #[test]
    fn no_single_value_of_a_good_file_makes_the_checks_panic(
        at in 0usize..8,
        value in prop_oneof![
            any::<i64>().prop_map(|value| value.to_string()),
            (0u64.., prop::sample::select(vec!["ns", "ms", "s", "h", "/s", "/h", "B", "MiB", "%"]))
                .prop_map(|(number, unit)| format!("\"{number}{unit}\"")),
        ],
    ) {
        let lines: Vec<String> = GOOD.lines().map(str::to_owned).collect();
        let keyed: Vec<usize> = (0..lines.len()).filter(|line| lines[*line].contains('=')).collect();
        let mut lines = lines.clone();
        let key = lines[keyed[at]].split('=').next().unwrap().to_owned();
        lines[keyed[at]] = format!("{key}= {value}");
        let _ = parse(&lines.join("\n"), "x.toml", &Overrides::default());
    }
}
