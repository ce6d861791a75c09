//! How often the intervals hold what they should, in worlds where the truth is known:
//! `cargo run --release -p pushbench-measure --example coverage`.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a table for people who check the statistics")]

#[path = "../tests/statistics/simulation.rs"]
mod simulation;

use simulation::{World, false_alarms};

const TIMES: u32 = 1_000;

fn main() {
    println!("coverage of nominal 95 %: one sample (and median width), difference of two samples");
    for rounds in [1, 2, 3, 5, 10] {
        for of_round in [0.0, 0.1, 0.3] {
            if rounds == 1 && of_round > 0.0 {
                continue;
            }
            for quantile in [0.5, 0.99] {
                let world = World { rounds, of_round, ..World::usual() };
                let (held, width) = world.coverage(quantile, TIMES);
                let difference = world.coverage_of_difference(quantile, TIMES);
                println!(
                    "{rounds:>2} rounds, apart by {of_round}, p{}: {:.1} % ({:.0} %), {:.1} %",
                    quantile * 100.0,
                    held * 100.0,
                    width * 100.0,
                    difference * 100.0
                );
            }
        }
    }
    println!("false alarms of the steady-state check");
    for seconds in [10, 30, 120] {
        for kept in [0.0, 0.5] {
            for deviation in [0.05, 0.2, 0.5] {
                let share = false_alarms(seconds, kept, deviation, 10 * TIMES);
                println!("{seconds:>3} s, AR(1) {kept}, deviation {deviation}: {:.2} %", share * 100.0);
            }
        }
    }
}
