//! What the figures of a summary are measured in. Words no figure.

use super::Summary;

/// What a figure is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A time, in microseconds.
    Time,
    /// An amount of bytes.
    Bytes,
    /// A share, 0 to 1.
    Share,
    /// A number of something: events, sockets, requests per event.
    Count,
}

impl Summary {
    /// The unit of a column, which its name bears.
    #[must_use]
    pub fn unit(column: &str) -> Unit {
        match column {
            _ if column.ends_with("_us") || column.contains("_us_per_") => Unit::Time,
            _ if column.contains("bytes") => Unit::Bytes,
            _ if column.ends_with("_share") => Unit::Share,
            _ => Unit::Count,
        }
    }

    /// A column as scenarios call it: without `_us` at its end, because a bound has its own unit.
    #[must_use]
    pub fn name_of(column: &str) -> &str {
        column.strip_suffix("_us").unwrap_or(column)
    }

    /// The column that scenarios call by that name; `None` where there is none.
    #[must_use]
    pub fn column_of(name: &str) -> Option<&'static str> {
        Self::FIGURES.iter().copied().find(|column| Self::name_of(column) == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_in_the_name() {
        let table = [
            ("latency_p99_us", Unit::Time),
            ("target_cpu_us_per_event", Unit::Time),
            ("idle_worker_cpu_us_per_client_second", Unit::Time),
            ("idle_wire_bytes_per_client_minute", Unit::Bytes),
            ("kernel_bytes_per_client", Unit::Bytes),
            ("empty_reply_share", Unit::Share),
            ("lost", Unit::Count),
            ("requests_per_event", Unit::Count),
        ];
        for (column, unit) in table {
            assert!(Summary::FIGURES.contains(&column), "{column}");
            assert_eq!(Summary::unit(column), unit, "{column}");
        }
    }

    #[test]
    fn every_column_is_found_by_the_name_that_scenarios_use() {
        for column in Summary::FIGURES {
            assert_eq!(Summary::column_of(Summary::name_of(column)), Some(*column));
        }
        assert_eq!(Summary::column_of("latency_p99"), Some("latency_p99_us"));
        assert_eq!(Summary::column_of("latency_p99_us"), None);
    }
}
