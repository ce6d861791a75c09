//! `calibration.json`: saved as a whole, and read again by runs of the same machine.

use pushbench_measure::results::{CALIBRATION_FORMAT, Calibration, Host, format_of, names};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::run::replace;

/// Why a saved calibration is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unused {
    #[error("{} is of another machine ({theirs}; this is {ours}): it is not quoted", path.display())]
    OfAnotherMachine { path: PathBuf, theirs: String, ours: String },
    #[error("{} is not used: {reason}\n  hint: `pushbench calibrate` writes it anew", path.display())]
    Unusable { path: PathBuf, reason: String },
}

/// The calibration in the folder `out`; `None` where there is none.
pub(crate) fn load(out: &Path, here: &Host) -> Result<Option<Calibration>, Unused> {
    let path = out.join(names::CALIBRATION);
    match fs::read_to_string(&path) {
        Ok(text) => of_machine(&text, &path, here).map(Some),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(Unused::Unusable { path, reason: error.to_string() }),
    }
}

/// Writes it into the folder `out`, in one step.
pub(crate) fn save(out: &Path, calibration: &Calibration) -> io::Result<PathBuf> {
    let path = out.join(names::CALIBRATION);
    let mut json = serde_json::to_vec_pretty(calibration)?;
    json.push(b'\n');
    replace(&path, &json)?;
    Ok(path)
}

fn of_machine(text: &str, path: &Path, here: &Host) -> Result<Calibration, Unused> {
    let unusable = |reason: String| Unused::Unusable { path: path.to_owned(), reason };
    let faulty = |error: serde_json::Error| unusable(format!("not a calibration: {error}"));
    let format = format_of(text).map_err(faulty)?;
    if format != CALIBRATION_FORMAT {
        return Err(unusable(format!("format {format}, this version reads format {CALIBRATION_FORMAT}")));
    }
    let calibration: Calibration = serde_json::from_str(text).map_err(faulty)?;
    if calibration.host.is_same_machine(here) {
        return Ok(calibration);
    }
    let words = |host: &Host| format!("{}, {}, {} CPUs {}", host.name, host.kernel, host.cpus, host.cpu);
    Err(Unused::OfAnotherMachine {
        path: path.to_owned(),
        theirs: words(&calibration.host),
        ours: words(here),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calibration(host: Host) -> Calibration {
        Calibration {
            format: CALIBRATION_FORMAT,
            version: "0.1.0".to_owned(),
            started: "2026-11-20T14:03:22Z".to_owned(),
            took_s: 24.5,
            host,
            connections: 1000,
            events_per_second: 10.0,
            message_bytes: 256,
            repetitions: 3,
            notes: Vec::new(),
            figures: Vec::new(),
            runs: Vec::new(),
        }
    }

    fn machine(name: &str) -> Host {
        Host { name: name.to_owned(), cpus: 2, ..Host::default() }
    }

    #[test]
    fn what_was_saved_is_read_on_the_same_machine_only() {
        let out = tempfile::TempDir::new().unwrap();
        assert!(load(out.path(), &machine("a")).unwrap().is_none());
        let made = calibration(machine("a"));
        let path = save(out.path(), &made).unwrap();
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1, "nothing is left beside {}", path.display());
        assert_eq!(load(out.path(), &machine("a")).unwrap(), Some(made));
        let other = load(out.path(), &machine("b")).unwrap_err();
        assert!(matches!(other, Unused::OfAnotherMachine { .. }), "{other}");
        assert!(other.to_string().contains("(a, , 2 CPUs ; this is b, , 2 CPUs )"), "{other}");
    }

    #[test]
    fn what_is_no_calibration_is_named() {
        let out = tempfile::TempDir::new().unwrap();
        let path = out.path().join(names::CALIBRATION);
        let table = [
            ("", "not a calibration: EOF"),
            ("{}", "not a calibration: missing field `format`"),
            ("{\"format\": 1, \"else\": 1}", "format 1, this version reads format 2"),
            ("{\"format\": 3, \"else\": 1}", "format 3, this version reads format 2"),
            ("{\"format\": 2}", "not a calibration: missing field"),
            ("{\"format\": 2, \"versio", "not a calibration: EOF"),
        ];
        for (text, reason) in table {
            fs::write(&path, text).unwrap();
            let unused = load(out.path(), &machine("a")).unwrap_err().to_string();
            assert!(unused.starts_with(&format!("{} is not used: {reason}", path.display())), "{unused}");
        }
    }
}
