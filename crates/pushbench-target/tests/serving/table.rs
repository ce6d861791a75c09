//! A transport is its folder and its line in the table: nothing here may name one.

use pushbench_transport::Kind;
use std::fs;
use std::path::{Path, PathBuf};

use crate::rig::{Client, config, with_target};

/// Every source file of this crate.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

#[test]
fn the_target_knows_transports_from_their_table_alone() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(sources.len() > 10, "{sources:?}");
    for source in sources {
        let text = fs::read_to_string(&source).unwrap();
        for kind in Kind::ALL {
            for named in [format!("Kind::{kind:?}"), format!("Settings::{kind:?}")] {
                assert!(!text.contains(&named), "{} names {named}", source.display());
            }
        }
    }
}

#[test]
fn every_endpoint_allows_the_methods_of_its_transport() {
    with_target(config(), |address, _| async move {
        for kind in Kind::ALL {
            let reply = Client::connect(address).await.request("DELETE", kind.path(), "", "").await;
            assert_eq!((reply.status, reply.header("allow")), (405, Some(kind.methods())), "{kind}");
            assert!(kind.methods().split(", ").any(|method| method == "GET"), "{kind}");
        }
    });
}
