//! What stands before the first table: the name and what else is for people.

use super::keys;
use crate::section::{FaultList, Section};

/// Checks the values that are there.
pub(super) fn check(top: &Section, head: &keys::Top, faults: &mut FaultList) {
    top.require("name", faults, "lowercase letters, digits and hyphens");
    if let Some(name) = &head.name
        && !names_a_folder(name)
    {
        top.fault("name", faults, format!("`{name}`: {FOLDER_NAME}"));
    }
    if head.name.as_deref() == Some(RESERVED_NAME) {
        top.fault("name", faults, "`compare` is the name of the comparisons' folder, any other is allowed");
    }
    if head.title.as_deref().is_some_and(|title| title.contains(char::is_control)) {
        top.fault("title", faults, NO_CONTROL);
    }
}

/// Free text goes to terminals as it is.
pub(crate) const NO_CONTROL: &str = "no control characters are allowed, such as escapes and line breaks";

pub(super) const FOLDER_NAME: &str =
    "it becomes a folder's name: 1 to 64 lowercase letters, digits and hyphens, no hyphen first or last";

/// The folder of comparisons stands beside those of the scenarios.
const RESERVED_NAME: &str = "compare";

/// Whether a name can be a folder's on every system, and an argument of the command line.
pub(super) fn names_a_folder(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with('-')
        && !name.ends_with('-')
}
