//! Where things go: rectangles, panels, labels that must not overlap, strokes cut into dashes. Pure.

/// A rectangle in pixels of the finished picture; y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    pub(super) const fn new(left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self { left, top, right, bottom }
    }

    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The x of a share (0 left, 1 right).
    pub(super) fn x(&self, share: f64) -> f64 {
        self.left + share * self.width()
    }

    /// The y of a share (0 bottom, 1 top).
    pub(super) fn y(&self, share: f64) -> f64 {
        self.bottom - share * self.height()
    }
}

/// Columns and rows of `count` panels in a landscape picture.
pub(super) fn grid_shape(count: usize) -> (usize, usize) {
    let columns = match count {
        0 | 1 => 1,
        2 | 4 => 2,
        3 | 5..=9 => 3,
        _ => 4,
    };
    (columns, count.max(1).div_ceil(columns))
}

/// `count` equal panels inside `within`, row by row, with gaps between.
pub(super) fn panels(within: Rect, count: usize, gap_x: f64, gap_y: f64) -> Vec<Rect> {
    let (columns, rows) = grid_shape(count);
    let width = (within.width() - gap_x * (columns - 1) as f64) / columns as f64;
    let height = (within.height() - gap_y * (rows - 1) as f64) / rows as f64;
    (0..count)
        .map(|at| {
            let left = within.left + (at % columns) as f64 * (width + gap_x);
            let top = within.top + (at / columns) as f64 * (height + gap_y);
            Rect::new(left, top, left + width, top + height)
        })
        .collect()
}

/// Centres for labels of one height, each as near as may be to where it is wanted, none overlapping, all between
/// `low` and `high`. Where there is no room for all, they are spaced evenly. Order is kept.
pub(super) fn spread(wanted: &[f64], height: f64, low: f64, high: f64) -> Vec<f64> {
    let count = wanted.len();
    let room = (high - low).max(0.0);
    let height = if count > 0 { height.min(room / count as f64) } else { height };
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    // With the labels below each other taken off, "no overlap" becomes "never falls": isotonic regression.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (rank, &at) in order.iter().enumerate() {
        let mut pool = (wanted[at] - rank as f64 * height, 1);
        while let Some(&(mean, size)) = pools.last().filter(|(mean, _)| *mean > pool.0) {
            let total = size + pool.1;
            pool = ((mean * size as f64 + pool.0 * pool.1 as f64) / total as f64, total);
            pools.pop();
        }
        pools.push(pool);
    }
    let flat = pools.iter().flat_map(|&(mean, size)| std::iter::repeat_n(mean, size));
    let (first, last) = (low + height / 2.0, high - height / 2.0 - (count.max(1) - 1) as f64 * height);
    let mut placed = vec![0.0; count];
    for (rank, (value, &at)) in flat.zip(&order).enumerate() {
        placed[at] = value.min(last).max(first) + rank as f64 * height;
    }
    placed
}

/// By how many pixels each is moved aside, so that those that reach over the same heights (top and bottom) do not
/// overlap: neighbours are `apart` then.
pub(super) fn side_by_side(spans: &[(f64, f64)], apart: f64) -> Vec<f64> {
    const CLOSE: f64 = 26.0;
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by(|a, b| spans[*a].0.total_cmp(&spans[*b].0));
    let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
    for at in order {
        let (top, bottom) = spans[at];
        match groups.last_mut().filter(|(reach, _)| top < *reach + CLOSE) {
            Some((reach, members)) => {
                *reach = reach.max(bottom);
                members.push(at);
            }
            None => groups.push((bottom, vec![at])),
        }
    }
    let mut aside = vec![0.0; spans.len()];
    for (_, mut members) in groups {
        // In the order of the scenario, so that a transport stands on the same side everywhere.
        members.sort_unstable();
        let middle = (members.len() as f64 - 1.0) / 2.0;
        for (rank, member) in members.into_iter().enumerate() {
            aside[member] = (rank as f64 - middle) * apart;
        }
    }
    aside
}

/// A point in pixels.
pub(super) type Point = (f64, f64);

/// A polyline cut into dashes along its length. An empty pattern leaves it whole.
pub(super) fn dashes(line: &[Point], pattern: &[f64]) -> Vec<Vec<Point>> {
    if pattern.is_empty() || pattern.iter().any(|length| *length <= 0.0) {
        return vec![line.to_vec()];
    }
    let mut pieces = Vec::new();
    let (mut at, mut left) = (0, pattern[0]);
    let mut piece: Vec<Point> = line.first().copied().into_iter().collect();
    for pair in line.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        let mut length = (to.0 - from.0).hypot(to.1 - from.1);
        while length > left {
            let share = left / length;
            from = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            length -= left;
            if at % 2 == 0 {
                extend(&mut piece, from);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![from];
            }
            at += 1;
            left = pattern[at % pattern.len()];
        }
        left -= length;
        if at % 2 == 0 {
            extend(&mut piece, to);
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

/// Adds a point unless the line ends there already.
fn extend(line: &mut Vec<Point>, point: Point) {
    if line.last() != Some(&point) {
        line.push(point);
    }
}

/// Every how many of some labels, given by their middle and half their width, can be written without two of them coming nearer
/// to each other than `gap`; the first is always one of them.
pub(super) fn stride(labels: &[(f64, f64)], gap: f64) -> usize {
    let fits = |stride: &usize| {
        let (now, next) = (labels.iter().step_by(*stride), labels.iter().step_by(*stride).skip(1));
        now.zip(next).all(|((x, half), (next_x, next_half))| x + half + gap <= next_x - next_half)
    };
    (1..labels.len()).find(fits).unwrap_or(labels.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_with_room_stay_where_they_are_wanted() {
        assert_eq!(spread(&[30.0, 10.0, 80.0], 15.0, 0.0, 100.0), [30.0, 10.0, 80.0]);
    }

    #[test]
    fn labels_at_one_place_are_centred_around_it() {
        assert_eq!(spread(&[50.0, 50.0, 50.0], 10.0, 0.0, 100.0), [40.0, 50.0, 60.0]);
        assert_eq!(spread(&[0.0, 0.0], 10.0, 0.0, 100.0), [5.0, 15.0]);
    }

    #[test]
    fn only_spans_that_reach_over_the_same_heights_move_aside() {
        let points = |heights: &[f64]| heights.iter().map(|y| (*y, *y)).collect::<Vec<_>>();
        assert_eq!(side_by_side(&points(&[10.0, 300.0, 320.0, 600.0]), 17.0), [0.0, -8.5, 8.5, 0.0]);
        assert_eq!(
            side_by_side(&points(&[120.0, 100.0, 110.0]), 17.0),
            [-17.0, 0.0, 17.0],
            "in the order given"
        );
        assert_eq!(
            side_by_side(&[(200.0, 210.0), (20.0, 500.0)], 17.0),
            [-8.5, 8.5],
            "one reaches over the other"
        );
        assert!(side_by_side(&[], 17.0).is_empty());
    }

    #[test]
    fn panels_share_the_room() {
        let within = Rect::new(0.0, 0.0, 310.0, 210.0);
        for count in 1..=12 {
            let panels = panels(within, count, 10.0, 10.0);
            assert_eq!(panels.len(), count);
            let (columns, rows) = grid_shape(count);
            assert!(columns * rows >= count && columns * (rows - 1) < count, "{count}");
            assert!(
                panels.iter().all(|p| p.right <= within.right + 1e-9 && p.bottom <= within.bottom + 1e-9)
            );
        }
    }

    #[test]
    fn dashes_have_the_lengths_of_the_pattern() {
        let pieces = dashes(&[(0.0, 0.0), (25.0, 0.0), (40.0, 0.0)], &[10.0, 5.0]);
        assert_eq!(
            pieces,
            [vec![(0.0, 0.0), (10.0, 0.0)], vec![(15.0, 0.0), (25.0, 0.0)], vec![(30.0, 0.0), (40.0, 0.0)]]
        );
        assert_eq!(dashes(&[(0.0, 0.0), (9.0, 0.0)], &[]), [vec![(0.0, 0.0), (9.0, 0.0)]]);
        assert!(dashes(&[], &[1.0, 1.0]).is_empty());
    }

    proptest! {
        #[test]
        fn labels_never_overlap_and_keep_their_order(
            wanted in proptest::collection::vec(-50.0f64..650.0, 0..20),
            height in 1.0f64..30.0,
        ) {
            let placed = spread(&wanted, height, 0.0, 600.0);
            prop_assert_eq!(placed.len(), wanted.len());
            let height = height.min(600.0 / wanted.len().max(1) as f64);
            for (a, y) in placed.iter().enumerate() {
                prop_assert!(*y >= height / 2.0 - 1e-6 && *y <= 600.0 - height / 2.0 + 1e-6);
                for b in 0..a {
                    prop_assert!((y - placed[b]).abs() >= height - 1e-6);
                    if wanted[a] < wanted[b] {
                        prop_assert!(*y < placed[b]);
                    }
                }
            }
        }
    }

    #[test]
    fn labels_that_would_touch_are_thinned_evenly() {
        // As wide as `0 B`, then as `100 KiB`: the second fits beside the first, the third beside nothing.
        let labels: Vec<(f64, f64)> =
            (0..5).map(|at| (f64::from(at) * 70.0, if at == 0 { 15.0 } else { 40.0 })).collect();
        assert_eq!(stride(&labels, 14.0), 2);
        assert_eq!(stride(&labels[..2], 14.0), 1);
        assert_eq!((stride(&labels, 140.0), stride(&labels, 400.0)), (3, 5));
        assert_eq!((stride(&labels[..1], 14.0), stride(&[], 14.0)), (1, 1));
    }
}
