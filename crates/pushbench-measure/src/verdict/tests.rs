//! What is judged how, from made-up observations.

use super::lateness::late;
use super::*;
use crate::statistics::ChangePoint;

fn level_for(condition: Condition, observed: &Observed) -> Option<Level> {
    judge(observed).into_iter().find(|finding| finding.condition == condition).map(|finding| finding.level)
}

#[test]
fn a_slip_is_a_breach_only_beyond_a_share_of_the_interval() {
    let table = [
        // slip p99 in ms, interval in ms, level
        (1.0, 200.0, Level::Ok),
        (3.0, 200.0, Level::Warning),
        (11.0, 200.0, Level::Breach),
        (11.0, 1000.0, Level::Warning),
        (51.0, 1000.0, Level::Breach),
    ];
    for (slip, interval, level) in table {
        let event_interval_us = Some(interval * 1e3);
        let published = Observed { slip: late(slip * 1e3), event_interval_us, ..Observed::default() };
        assert_eq!(level_for(Condition::PublishSlip, &published), Some(level), "{slip} of {interval} ms");
        assert_eq!(level_for(Condition::SendSlip, &published), None, "clients send nothing");
        let sent = Observed { slip: None, send_slip: late(slip * 1e3), ..published };
        assert_eq!(level_for(Condition::SendSlip, &sent), Some(level), "{slip} of {interval} ms");
        assert_eq!(level_for(Condition::PublishSlip, &sent), None, "the target publishes nothing by itself");
    }
}

#[test]
fn a_late_moment_of_few_is_a_doubt_and_no_breach() {
    let of = |sure_us| Some(Lateness { p99_us: 50_000.0, sure_us });
    let table = [
        (Condition::PublishSlip, Observed { slip: of(200.0), ..Observed::default() }),
        (Condition::SendSlip, Observed { send_slip: of(200.0), ..Observed::default() }),
        (Condition::WorkerTimer, Observed { worker_timer: of(200.0), ..Observed::default() }),
    ];
    for (condition, seen) in table {
        let finding = judge(&seen).into_iter().find(|finding| finding.condition == condition).unwrap();
        assert_eq!((finding.level, finding.value), (Level::Warning, 50_000.0));
        assert!(finding.text.contains(" p99 ~50.0 ms"), "{finding:?}");
    }
    let sure = Observed { slip: of(50_000.0), ..Observed::default() };
    assert_eq!(level_for(Condition::PublishSlip, &sure), Some(Level::Breach));
}

#[test]
fn whoever_was_late_is_named() {
    let late = late(5e4);
    let table = [
        (
            Observed { slip: late, ..Observed::default() },
            "publish slip p99 50.0 ms: the publisher was held up; ",
        ),
        (
            Observed { send_slip: late, ..Observed::default() },
            "send slip p99 50.0 ms: the senders were held up, ",
        ),
    ];
    for (seen, said) in table {
        let findings = judge(&seen);
        let doubt = findings.iter().find(|finding| finding.level == Level::Breach).unwrap();
        assert!(doubt.text.starts_with(said), "{doubt:?}");
    }
}

#[test]
fn a_busy_worker_makes_a_run_invalid_and_a_busy_target_does_not() {
    let busy = Observed { worker_busy: Some(0.99), target_busy: Some(0.99), ..Observed::default() };
    assert_eq!(level_for(Condition::WorkerBusy, &busy), Some(Level::Breach));
    assert_eq!(level_for(Condition::TargetBusy, &busy), Some(Level::Warning));
}

#[test]
fn two_sides_that_use_up_the_cpus_they_share_make_a_run_invalid() {
    for (used, level) in [(0.80, Level::Ok), (0.81, Level::Warning), (0.96, Level::Breach)] {
        // Neither side alone is at its limit.
        let seen = Observed {
            worker_busy: Some(0.42),
            target_busy: Some(0.53),
            cpu_shared: Some(used),
            ..Observed::default()
        };
        assert_eq!(level_for(Condition::CpuShared, &seen), Some(level), "{used}");
        assert_eq!(level_for(Condition::WorkerBusy, &seen), Some(Level::Ok));
    }
    assert_eq!(level_for(Condition::CpuShared, &Observed::default()), None, "each has CPUs of its own");
}

#[test]
fn overflows_are_told_of_whoever_was_counted() {
    let table = [
        (Listeners::OfTheHost, "3 connection attempts dropped at a full accept queue of this host, "),
        (Listeners::OfTheTargets, "3 connection attempts dropped at a full accept queue of a target: "),
    ];
    for (listeners, said) in table {
        let seen = Observed { listen_overflows: Some(3), listeners, ..Observed::default() };
        let findings = judge(&seen);
        let finding = findings.iter().find(|finding| finding.condition == Condition::ListenOverflows);
        assert!(finding.unwrap().text.starts_with(said), "{finding:?}");
    }
}

#[test]
fn whoever_is_cut_off_against_the_plan_is_a_warning_about_the_generator() {
    for (cut_off, level) in [(Some(0), Some(Level::Ok)), (Some(1), Some(Level::Warning)), (None, None)] {
        let seen = Observed { cut_off, ..Observed::default() };
        assert_eq!(level_for(Condition::CutOff, &seen), level, "{cut_off:?}");
    }
}

#[test]
fn clients_may_fail_as_far_as_the_scenario_allows() {
    let observed = Observed { never_connected: 3, may_fail: 3, ..Observed::default() };
    assert_eq!(level_for(Condition::NeverConnected, &observed), Some(Level::Warning));
    let observed = Observed { never_connected: 4, may_fail: 3, ..Observed::default() };
    assert_eq!(level_for(Condition::NeverConnected, &observed), Some(Level::Breach));
}

#[test]
fn a_limit_is_named_where_it_was_found_out() {
    let fact = |scarcity| {
        let seen = Observed { limits_hit: 7, scarcity, ..Observed::default() };
        let findings = judge(&seen);
        let finding = findings.iter().find(|finding| finding.condition == Condition::LimitReached);
        let finding = finding.unwrap().clone();
        assert_eq!(finding.level, Level::Breach);
        finding.fact.unwrap()
    };
    assert_eq!(
        fact(None),
        "a limit was hit 7 times, which one the kernel's readings do not show (watches that other programs took, memory for a \
         socket, or the target's own)"
    );
    let named = |what| fact(Some(Scarcity { what, used: 98, allowed: 100 }));
    let table = [
        (Scarce::TargetFiles, "open files of a target process"),
        (Scarce::WorkerFiles, "open files of a worker process"),
        (Scarce::Ports, "ephemeral ports of a worker's address"),
        (Scarce::HostFiles, "open files of the whole host"),
        (Scarce::Watches, "sockets that one user may watch (fs.epoll.max_user_watches)"),
    ];
    for (what, name) in table {
        assert_eq!(named(what), format!("{name} ran out, 7 times (98 of 100 in use)"));
    }
    let memory = Scarcity { what: Scarce::Memory, used: 23_900 << 20, allowed: 24_000 << 20 };
    assert_eq!(fact(Some(memory)), "memory ran out (23900 of 24000 MiB in use)", "once is enough");
}

#[test]
fn a_limit_that_was_not_hit_is_not_wondered_about() {
    let findings = judge(&Observed::default());
    let finding = findings.iter().find(|finding| finding.condition == Condition::LimitReached).unwrap();
    assert_eq!((finding.level, finding.fact.as_deref()), (Level::Ok, Some("no limit was hit")));
}

fn moved(before: f64, after: f64) -> Steadiness {
    Steadiness::Changed(ChangePoint { at: 12, before, after, probability: 0.001 })
}

#[test]
fn a_median_that_moves_is_a_warning_and_told_with_its_second() {
    for (after_us, level) in [(1_150.0, Level::Ok), (1_900.0, Level::Warning), (500.0, Level::Warning)] {
        let seen = Observed { steadiness: Some(moved(1_000.0, after_us)), ..Observed::default() };
        assert_eq!(level_for(Condition::Unsteady, &seen), Some(level), "{after_us}");
    }
    let seen = Observed { steadiness: Some(moved(1_000.0, 1_900.0)), ..Observed::default() };
    let finding = judge(&seen).pop().unwrap();
    assert!(finding.text.starts_with("median moved from 1.0 ms to 1.9 ms at second 12: "), "{finding:?}");
    assert_eq!((finding.value, finding.warning, finding.breach), (0.9, Some(0.2), None));
    let steady = Observed { steadiness: Some(Steadiness::Steady), ..Observed::default() };
    assert_eq!(judge(&steady).pop().unwrap().text, "the median of a second stayed where it was");
    assert_eq!(level_for(Condition::Unsteady, &Observed::default()), None, "too short to tell");
}

#[test]
fn a_finding_carries_the_bounds_that_held() {
    let seen =
        Observed { slip: late(12_000.0), event_interval_us: Some(1e6), may_fail: 3, ..Observed::default() };
    let findings = judge(&seen);
    let bounds = |condition| {
        let finding = findings.iter().find(|finding| finding.condition == condition).unwrap();
        (finding.warning, finding.breach)
    };
    assert_eq!(bounds(Condition::PublishSlip), (Some(2_000.0), Some(50_000.0)));
    assert_eq!(bounds(Condition::NeverConnected), (Some(0.0), Some(3.0)));
    assert_eq!(bounds(Condition::Lost), (Some(0.0), None));
}

#[test]
fn what_was_not_measured_is_not_judged() {
    let conditions: Vec<_> = judge(&Observed::default()).into_iter().map(|f| f.condition).collect();
    assert!(!conditions.contains(&Condition::WorkerBusy) && conditions.contains(&Condition::Lost));
    assert!(judge(&Observed::default()).iter().all(|finding| finding.level == Level::Ok));
}

#[test]
fn every_condition_has_a_bound() {
    let all = Observed {
        slip: late(1e9),
        send_slip: late(1e9),
        worker_busy: Some(1.0),
        target_busy: Some(1.0),
        cpu_shared: Some(1.0),
        worker_timer: late(1e9),
        worker_run_queue_us: Some(1e9),
        host_steal: Some(1.0),
        never_connected: 1,
        publishes_skipped: 1,
        listen_overflows: Some(1),
        lost: 1,
        cut_off: Some(1),
        limits_hit: 1,
        wire_disagreement: Some(1.0),
        steadiness: Some(moved(1_100.0, 1_900.0)),
        ..Observed::default()
    };
    let findings = judge(&all);
    assert_eq!(findings.len(), BOUNDS.len());
    assert!(findings.iter().all(|finding| finding.level > Level::Ok && finding.text.contains(": ")));
}

#[test]
fn what_is_moved_by_plan_is_not_blamed_on_the_machine() {
    let table = [
        (Course::Level, Some(Level::Breach), Some(Level::Warning)),
        (Course::Rate, Some(Level::Breach), None),
        (Course::Clients, Some(Level::Warning), None),
    ];
    for (course, overflows, unsteady) in table {
        let steadiness = Some(moved(1_000.0, 1_900.0));
        let seen = Observed { listen_overflows: Some(3), course, steadiness, ..Observed::default() };
        assert_eq!(level_for(Condition::ListenOverflows, &seen), overflows, "{course:?}");
        assert_eq!(level_for(Condition::Unsteady, &seen), unsteady, "{course:?}");
    }
    let limits = Observed { limits_hit: 1, course: Course::Clients, ..Observed::default() };
    assert_eq!(level_for(Condition::LimitReached, &limits), Some(Level::Breach), "what ran out ran out");
}
