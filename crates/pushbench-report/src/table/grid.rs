//! Cells to aligned lines. Knows widths and colours, and no figure.

/// What a cell or a line wants to look like, where colour is allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Paint {
    /// As the terminal has it.
    #[default]
    Plain,
    /// Headings.
    Bold,
    /// Valid, met.
    Good,
    /// A warning.
    Care,
    /// Invalid, lost, missed.
    Bad,
    /// Explanations.
    Dim,
}

impl Paint {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Good => Some("32"),
            Self::Care => Some("33"),
            Self::Bad => Some("1;31"),
            Self::Dim => Some("2"),
        }
    }
}

/// A text with its looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) paint: Paint,
}

impl Cell {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), paint: Paint::Plain }
    }

    pub(crate) fn new(text: impl Into<String>, paint: Paint) -> Self {
        Self { text: text.into(), paint }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// Two lines above a column; neighbours of the same non-empty group share the upper one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    pub(crate) group: &'a str,
    pub(crate) name: &'a str,
}

impl Head<'_> {
    /// Both lines as one, for formats without shared headings.
    pub(crate) fn in_one_line(self) -> String {
        format!("{} {}", self.group, self.name).trim().replace(" /", "/")
    }
}

const GAP: usize = 2;

/// The text with its colour, if colour is allowed.
pub(crate) fn paint(cell: &Cell, color: bool) -> String {
    match cell.paint.code().filter(|_| color) {
        Some(code) => format!("\x1b[{code}m{}\x1b[0m", cell.text),
        None => cell.text.clone(),
    }
}

/// Aligned lines: the first column left, the others right. Columns that do not fit into `width` go to further
/// blocks, below each other, each beginning with the first `names` columns: those that say what a row is about. A group
/// stays together unless it is wider than a block by itself.
pub(crate) fn render(
    heads: &[Head<'_>],
    names: usize,
    rows: &[Vec<Cell>],
    width: usize,
    color: bool,
) -> Vec<String> {
    let mut widths = column_widths(heads, rows);
    let pieces = pieces(heads, names, &mut widths, width);
    let mut lines = Vec::new();
    for (at, block) in even_blocks(&pieces, names, &widths, width).iter().enumerate() {
        if at > 0 {
            lines.push(String::new());
        }
        lines.extend(render_block(heads, rows, &widths, block, color));
    }
    lines
}

fn column_widths(heads: &[Head<'_>], rows: &[Vec<Cell>]) -> Vec<usize> {
    let widest = |at: usize| {
        rows.iter().map(|row| row[at].width()).max().unwrap_or(0).max(heads[at].name.chars().count())
    };
    (0..heads.len()).map(widest).collect()
}

/// What stays together in a block, first and last column: groups, cut where one is wider than a block. Makes columns as
/// wide as what stands above them.
fn pieces(heads: &[Head<'_>], names: usize, widths: &mut [usize], width: usize) -> Vec<(usize, usize)> {
    let room = width.saturating_sub(width_of_names(names, widths));
    let mut pieces = Vec::new();
    for (first, last) in groups(heads, &(names..heads.len()).collect::<Vec<_>>()) {
        let (mut begin, mut used) = (first, 0);
        for (at, width) in widths.iter().enumerate().take(last + 1).skip(first) {
            let needed = width + GAP;
            if used + needed > room && at > begin {
                pieces.push((begin, at - 1));
                (begin, used) = (at, 0);
            }
            used += needed;
        }
        pieces.push((begin, last));
    }
    for &(first, last) in &pieces {
        let have: usize = widths[first..=last].iter().sum::<usize>() + GAP * (last - first);
        widths[last] += heads[first].group.chars().count().saturating_sub(have);
    }
    pieces
}

fn width_of_names(names: usize, widths: &[usize]) -> usize {
    widths[..names].iter().sum::<usize>() + GAP * names.saturating_sub(1)
}

/// First and last column of every run of neighbours with the same group.
fn groups(heads: &[Head<'_>], columns: &[usize]) -> Vec<(usize, usize)> {
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for &at in columns {
        match groups.last_mut() {
            Some((first, last))
                if !heads[at].group.is_empty()
                    && heads[*first].group == heads[at].group
                    && *last + 1 == at =>
            {
                *last = at;
            }
            _ => groups.push((at, at)),
        }
    }
    groups
}

/// As few blocks as `width` allows, and of these the ones with the shortest lines: no block of one odd column.
fn even_blocks(pieces: &[(usize, usize)], names: usize, widths: &[usize], width: usize) -> Vec<Vec<usize>> {
    let fewest = blocks(pieces, names, widths, width);
    (0..width)
        .map(|narrower| blocks(pieces, names, widths, narrower))
        .find(|blocks| blocks.len() == fewest.len())
        .unwrap_or(fewest)
}

fn blocks(pieces: &[(usize, usize)], names: usize, widths: &[usize], width: usize) -> Vec<Vec<usize>> {
    let start = || (0..names).collect::<Vec<usize>>();
    let width_of_names = width_of_names(names, widths);
    let mut blocks = vec![start()];
    let mut used = width_of_names;
    for &(first, last) in pieces {
        let needed: usize = (first..=last).map(|at| widths[at] + GAP).sum();
        let fresh = blocks.last().is_some_and(|block| block.len() == names);
        if used + needed > width && !fresh {
            blocks.push(start());
            used = width_of_names;
        }
        used += needed;
        if let Some(block) = blocks.last_mut() {
            block.extend(first..=last);
        }
    }
    blocks
}

fn render_block(
    heads: &[Head<'_>],
    rows: &[Vec<Cell>],
    widths: &[usize],
    columns: &[usize],
    color: bool,
) -> Vec<String> {
    let mut lines = Vec::new();
    if columns.iter().any(|&at| !heads[at].group.is_empty()) {
        let spans = groups(heads, columns).into_iter().map(|(first, last)| {
            let span = widths[first..=last].iter().sum::<usize>() + GAP * (last - first);
            format!("{:>span$}", heads[first].group)
        });
        lines.push(spans.collect::<Vec<_>>().join("  "));
    }
    let names: Vec<Cell> = columns.iter().map(|&at| Cell::new(heads[at].name, Paint::Plain)).collect();
    lines.push(line(&names, widths, columns, false));
    for head in &mut lines {
        *head = paint(&Cell::new(head.trim_end(), Paint::Bold), color);
    }
    for row in rows {
        let cells: Vec<Cell> = columns.iter().map(|&at| row[at].clone()).collect();
        lines.push(line(&cells, widths, columns, color));
    }
    lines
}

fn line(cells: &[Cell], widths: &[usize], columns: &[usize], color: bool) -> String {
    let mut out = String::new();
    for (at, (cell, &column)) in cells.iter().zip(columns).enumerate() {
        let padding = " ".repeat(widths[column].saturating_sub(cell.width()));
        let text = paint(cell, color);
        if at == 0 {
            out.push_str(&text);
            out.push_str(&padding);
        } else {
            out.push_str(&" ".repeat(GAP));
            out.push_str(&padding);
            out.push_str(&text);
        }
    }
    out.trim_end().to_owned()
}
