//! Keys of a document replaced by others. Pure.

use pushbench_transport::Kind;
use std::borrow::Cow;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::section::nearest;

/// Why a key cannot be replaced: what is wrong, and a remedy if one is near.
pub(super) type Problem = (String, Option<String>);

/// Sets the key at a dotted path, tables on the way included. The key takes the place of the value in the text.
pub(super) fn set<'i>(
    document: &mut DeTable<'i>,
    path: &[&str],
    value: &Spanned<DeValue<'i>>,
) -> Result<(), Problem> {
    match path {
        [] => Ok(()),
        ["transports", rest @ ..] => set_of_transports(document, rest, value),
        [key] => {
            replace(document, key, value.clone());
            Ok(())
        }
        [table, rest @ ..] => {
            if !document.contains_key(*table) {
                let empty = Spanned::new(value.span(), DeValue::Table(DeTable::new()));
                replace(document, table, empty);
            }
            match document.get_mut(*table).map(Spanned::get_mut) {
                Some(DeValue::Table(below)) => set(below, rest, value),
                _ => Err((
                    format!("`{table}` is no table here, so `{}` is no key of it", rest.join(".")),
                    None,
                )),
            }
        }
    }
}

/// A key that is there keeps its old place in the text when its value is replaced, so it is taken out first.
fn replace<'i>(table: &mut DeTable<'i>, key: &str, value: Spanned<DeValue<'i>>) {
    table.remove(key);
    table.insert(Spanned::new(value.span(), Cow::Owned(key.to_owned())), value);
}

/// Sets a key of every entry of `[[transports]]` that has it, or with a label in front, of one.
fn set_of_transports<'i>(
    document: &mut DeTable<'i>,
    path: &[&str],
    value: &Spanned<DeValue<'i>>,
) -> Result<(), Problem> {
    let (wanted, key) = match path {
        [key] => (None, *key),
        [label, key] => (Some(*label), *key),
        _ => {
            return Err((
                "a key of transports is written transports.KEY or transports.LABEL.KEY".to_owned(),
                None,
            ));
        }
    };
    let Some(DeValue::Array(entries)) = document.get_mut("transports").map(Spanned::get_mut) else {
        // Of what is no list the reader of transports has more to say.
        return Ok(());
    };
    let (mut labels, mut keys) = (Vec::new(), Vec::new());
    let mut found = false;
    for entry in entries.iter_mut() {
        let DeValue::Table(entry) = entry.get_mut() else { continue };
        let (label, known) = (label_of(entry), keys_of(entry));
        if wanted.is_none_or(|wanted| wanted == label) {
            if known.iter().any(|known| known == key) {
                replace(entry, key, value.clone());
                found = true;
            }
            keys.extend(known);
        }
        labels.push(label);
    }
    match (found, wanted) {
        (true, _) => Ok(()),
        (false, Some(label)) if !labels.iter().any(|known| known == label) => {
            Err(unknown(&format!("no transport has the label `{label}`, labels are"), label, &labels))
        }
        (false, _) => {
            keys.sort();
            keys.dedup();
            Err(unknown(&format!("no transport has a key `{key}`, their keys are"), key, &keys))
        }
    }
}

fn unknown(what: &str, name: &str, known: &[String]) -> Problem {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = nearest(name, &known).map(|near| format!("did you mean `{near}`?"));
    (format!("{what} {}", known.join(", ")), hint)
}

fn text<'t>(entry: &'t DeTable<'_>, key: &str) -> Option<&'t str> {
    entry.get(key).and_then(|value| value.get_ref().as_str())
}

fn label_of(entry: &DeTable<'_>) -> String {
    text(entry, "label").or_else(|| text(entry, "kind")).unwrap_or_default().to_owned()
}

/// The keys that its transport has, `kind` aside.
fn keys_of(entry: &DeTable<'_>) -> Vec<String> {
    let settings = text(entry, "kind").and_then(Kind::from_name).map(Kind::default_settings);
    let settings = settings.and_then(|settings| serde_json::to_value(settings).ok());
    let keys = settings.as_ref().and_then(serde_json::Value::as_object).into_iter().flatten();
    keys.map(|(key, _)| key.clone()).filter(|key| key != "kind").collect()
}

/// Lays `over` upon `base`: tables are merged key by key, everything else is replaced.
pub(super) fn merge<'i>(base: &mut DeTable<'i>, over: &DeTable<'i>) {
    for (key, value) in over {
        let name: &str = key.get_ref();
        let below = base.get_mut(name).map(Spanned::get_mut);
        if let (Some(DeValue::Table(base)), DeValue::Table(over)) = (below, value.get_ref()) {
            merge(base, over);
        } else {
            base.remove(name);
            base.insert(key.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn document(text: &str) -> DeTable<'_> {
        DeTable::parse(text).unwrap().into_inner()
    }

    /// The same without places in the text.
    fn value(document: &DeTable<'_>) -> toml::Table {
        let value = Spanned::new(0..0, DeValue::Table(document.clone()));
        serde::Deserialize::deserialize(toml::de::ValueDeserializer::from(value)).unwrap()
    }

    #[test]
    fn tables_are_merged_and_everything_else_is_replaced() {
        let table = [
            ("", "a = 1", "a = 1"),
            ("a = 1", "", "a = 1"),
            ("a = 1", "a = \"x\"", "a = \"x\""),
            ("t = { a = 1, b = 2 }", "t.b = 3", "t = { a = 1, b = 3 }"),
            ("t = { a = { c = 1 } }", "t.a.d = 2", "t = { a = { c = 1, d = 2 } }"),
            ("t = { a = 1 }", "t = 5", "t = 5"),
            ("t = 5", "t.a = 1", "t = { a = 1 }"),
            ("l = [1, 2]", "l = [3]", "l = [3]"),
            ("[[l]]\na = 1\n[[l]]\na = 2", "[[l]]\nb = 1", "l = [{ b = 1 }]"),
        ];
        for (base, over, merged) in table {
            let mut patched = document(base);
            merge(&mut patched, &document(over));
            assert_eq!(value(&patched), value(&document(merged)), "{base} + {over}");
        }
    }

    #[test]
    fn a_path_is_set_with_the_tables_on_its_way() {
        let three = document("values = [7, \"x\", 9]");
        let seven = &three["values"].get_ref().as_array().unwrap()[0];
        let table = [
            ("", "a", Ok("a = 7")),
            ("a = 1", "a", Ok("a = 7")),
            ("t = { a = 1 }", "t.b", Ok("t = { a = 1, b = 7 }")),
            ("", "t.u.v", Ok("t = { u = { v = 7 } }")),
            ("t = 5", "t.a", Err("`t` is no table here, so `a` is no key of it")),
            (
                "transports = [{ kind = \"sse\" }, { kind = \"short-polling\" }]",
                "transports.interval",
                Ok("transports = [{ kind = \"sse\" }, { kind = \"short-polling\", interval = 7 }]"),
            ),
            (
                "transports = [{ kind = \"sse\" }, { kind = \"sse\", label = \"b\" }]",
                "transports.b.retry",
                Ok("transports = [{ kind = \"sse\" }, { kind = \"sse\", label = \"b\", retry = 7 }]"),
            ),
        ];
        for (base, path, expected) in table {
            let mut patched = document(base);
            let done = set(&mut patched, &path.split('.').collect::<Vec<_>>(), seven);
            match expected {
                Ok(expected) => assert_eq!((done, value(&patched)), (Ok(()), value(&document(expected)))),
                Err(problem) => assert_eq!(done.unwrap_err().0, problem),
            }
        }
    }

    #[test]
    fn a_key_that_is_set_stands_where_its_value_does() {
        let values = document("\n\n\nv = 7");
        let mut patched = document("a = 1");
        set(&mut patched, &["a"], &values["v"]).unwrap();
        let (key, value) = patched.get_key_value("a").unwrap();
        assert_eq!((key.span(), value.span()), (7..8, 7..8));
    }

    fn tables() -> impl Strategy<Value = toml::Table> {
        let leaf = any::<i32>().prop_map(|number| toml::Value::Integer(number.into()));
        let value = leaf.prop_recursive(3, 12, 3, |inner| {
            proptest::collection::btree_map("[abc]", inner, 0..3)
                .prop_map(|table| toml::Value::Table(table.into_iter().collect()))
        });
        proptest::collection::btree_map("[abc]", value, 0..3).prop_map(|table| table.into_iter().collect())
    }

    fn laid_upon(base: &toml::Table, over: &toml::Table) -> toml::Table {
        // Keys are letters and values numbers, so JSON is an inline table but for its colons.
        let text = |table| format!("root = {}", serde_json::to_string(table).unwrap().replace(':', "="));
        let (base, over) = (text(base), text(over));
        let mut merged = document(&base);
        merge(&mut merged, &document(&over));
        value(&merged)["root"].as_table().unwrap().clone()
    }

    proptest! {
        #[test]
        fn what_was_laid_upon_holds_and_the_rest_stays(a in tables(), b in tables()) {
            let once = laid_upon(&a, &b);
            prop_assert_eq!(&laid_upon(&once, &b), &once);
            prop_assert_eq!(&laid_upon(&a, &a), &a);
            prop_assert_eq!(&laid_upon(&a, &toml::Table::new()), &a);
            for (key, value) in &once {
                match (a.get(key), b.get(key)) {
                    (Some(toml::Value::Table(under)), Some(toml::Value::Table(over))) => {
                        prop_assert_eq!(value, &toml::Value::Table(laid_upon(under, over)));
                    }
                    (of_base, of_over) => prop_assert_eq!(Some(value), of_over.or(of_base)),
                }
            }
        }
    }
}
