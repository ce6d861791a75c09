use super::*;
use pushbench_scenario::{Law, Parts};

const MS: u64 = 1_000_000;
const EDGES: PhaseEdges =
    PhaseEdges { start_ns: 100 * MS, measure_ns: 200 * MS, drain_ns: 300 * MS, end_ns: 400 * MS };

/// A book of two clients whose answers have three parts; more than 50 ms apart is a stall.
fn book() -> (AnswerBook, Histograms) {
    let answers = Answers {
        parts: Parts::Fixed(3),
        first: Law::Constant(0),
        gap: Law::Constant(40 * MS),
        stall_ns: 50 * MS,
    };
    (AnswerBook::new(answers, 1, EDGES, 2), Histograms::new())
}

/// The answer to an ask that is due at 200 ms, received at these instants in ms; what is 0 never comes.
fn answered(at_ms: [u64; 3], how: Option<Over>) -> (AnswerBook, Histograms) {
    let (mut book, mut histograms) = book();
    book.ask(0, Ask { k: 0, due_ns: 200 * MS }, Punctuality::OnTime, 200 * MS);
    for (n, at_ms) in (1..).zip(at_ms).filter(|(_, at_ms)| *at_ms > 0) {
        assert_eq!(book.part(0, n, at_ms * MS, &mut histograms), Some(Reception::New));
    }
    if let Some(how) = how {
        book.over(0, how, &mut histograms);
    }
    (book, histograms)
}

/// What was recorded of asks of the measure phase, in milliseconds, rising.
fn measured(histograms: &Histograms, figure: Figure) -> Vec<u64> {
    let histogram = histograms.of(figure, Phase::Measure);
    (0..histogram.count())
        .filter_map(|at| histogram.quantile((at as f64 + 0.5) / histogram.count() as f64))
        .map(|us| (us as f64 / 1e3).round() as u64)
        .collect()
}

fn close(book: &mut AnswerBook) -> (Tally, AnswerTally) {
    let tally = book.close(0, [Ask { k: 0, due_ns: 200 * MS }].into_iter());
    (tally, book.sums().0)
}

#[test]
fn the_times_of_an_answer_count_from_the_ask_and_between_receptions() {
    let (mut book, histograms) = answered([210, 250, 310], Some(Over::Ended));
    assert_eq!(measured(&histograms, Figure::FirstPart), [10]);
    assert_eq!(measured(&histograms, Figure::PartGap), [40, 60], "one came later than the measure phase");
    assert_eq!(measured(&histograms, Figure::PerPart), [50]);
    assert_eq!(measured(&histograms, Figure::Answer), [110]);
    let (tally, answers) = close(&mut book);
    assert_eq!((tally.expected, tally.delivered, tally.lost), (3, 3, 0));
    let expected =
        AnswerTally { asked: 1, completed: 1, stalls: 1, at_once_peak: 1, ..AnswerTally::default() };
    assert_eq!(answers, expected);
}

#[test]
fn an_answer_without_all_its_parts_or_without_its_end_is_cut_short() {
    let table = [
        ([210, 0, 310], Some(Over::Ended), 1),
        ([210, 250, 290], Some(Over::CutShort), 0),
        ([210, 250, 290], None, 0),
        ([0, 0, 0], None, 3),
    ];
    for (at_ms, how, lost) in table {
        let (mut book, histograms) = answered(at_ms, how);
        let (tally, answers) = close(&mut book);
        assert_eq!((tally.expected, tally.lost), (3, lost), "{at_ms:?} {how:?}");
        assert_eq!((answers.asked, answers.completed, answers.cut_short), (1, 0, 1), "{at_ms:?} {how:?}");
        assert_eq!(measured(&histograms, Figure::Answer), [0; 0]);
    }
}

#[test]
fn an_ask_that_was_never_sent_is_lost_and_no_answer_was_cut_short() {
    let (mut book, _) = book();
    let (tally, answers) = close(&mut book);
    assert_eq!((tally.lost, answers.asked, answers.unsent, answers.cut_short), (3, 1, 1, 0));
}

#[test]
fn asks_are_sent_in_their_order_so_those_that_were_not_are_the_last() {
    let (mut book, _) = book();
    let asks = [150, 199, 210, 250, 290, 310].map(|due_ms| Ask { k: 0, due_ns: due_ms * MS });
    for ask in &asks[..3] {
        book.ask(0, *ask, Punctuality::OnTime, ask.due_ns);
        book.over(0, Over::CutShort, &mut Histograms::new());
    }
    book.close(0, asks.into_iter());
    let AnswerTally { asked, unsent, cut_short, .. } = book.sums().0;
    assert_eq!((asked, unsent, cut_short), (3, 2, 1), "of those of the measure phase");
}

#[test]
fn parts_that_come_twice_or_out_of_order_are_counted_and_strangers_are_not() {
    let (mut book, mut histograms) = book();
    assert_eq!(book.part(0, 1, 200 * MS, &mut histograms), None, "nobody asked");
    book.ask(0, Ask { k: 0, due_ns: 200 * MS }, Punctuality::OnTime, 200 * MS);
    let part = |book: &mut AnswerBook, n| book.part(0, n, 210 * MS, &mut Histograms::new());
    let receptions = [1, 3, 2, 2, 4].map(|n| part(&mut book, n));
    let [new, duplicate] = [Reception::New, Reception::Duplicate].map(Some);
    assert_eq!(receptions, [new, new, Some(Reception::Reordered), duplicate, None]);
    book.over(0, Over::Ended, &mut histograms);
    assert_eq!(part(&mut book, 3), None, "it is over");
    let (tally, answers) = close(&mut book);
    assert_eq!((tally.delivered, tally.lost, answers.completed), (3, 0, 1));
    let sums = book.sums().1;
    assert_eq!((sums.duplicated, sums.reordered), (1, 1));
}

#[test]
fn late_asks_and_answers_at_once_are_those_of_the_measure_phase() {
    let (mut book, mut histograms) = book();
    let ask = |book: &mut AnswerBook, client, due_ms: u64, now_ms| {
        book.ask(client, Ask { k: 0, due_ns: due_ms * MS }, Punctuality::Late, now_ms * MS);
    };
    ask(&mut book, 0, 190, 195);
    ask(&mut book, 1, 199, 199);
    assert!(book.is_busy(1) && !book.has_free());
    book.over(1, Over::Ended, &mut histograms);
    assert_eq!(book.sums().0, AnswerTally::default(), "all of that was warm-up");
    ask(&mut book, 1, 201, 202);
    let tally = book.tally;
    assert_eq!((tally.late, tally.at_once_peak), (1, 2));
}

#[test]
fn clients_become_free_one_after_the_other_and_once() {
    let (mut book, mut histograms) = book();
    book.ask(0, Ask { k: 0, due_ns: 200 * MS }, Punctuality::OnTime, 200 * MS);
    book.may_ask(0);
    assert_eq!(book.take_free(), None, "it has an answer under way");
    book.may_ask(1);
    book.over(0, Over::CutShort, &mut histograms);
    book.over(0, Over::Ended, &mut histograms);
    book.may_ask(0);
    assert_eq!([book.take_free(), book.take_free(), book.take_free()], [Some(1), Some(0), None]);
    assert_eq!((book.sent(0), book.sent(1)), (1, 0));
}
