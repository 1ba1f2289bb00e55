//! Every line of a `.jsonl` is what the schema in `assets` says.

use serde_json::{Map, Value, json};

use super::*;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../assets/sockscope-log.schema.json")).expect("JSON")
}

/// Why `value` is not what `rule` says, by the keywords of JSON Schema (draft 2020-12) that the schema uses; any other
/// keyword fails the test.
fn complaint(root: &Value, rule: &Value, value: &Value) -> Option<String> {
    let keywords = rule.as_object().expect("a schema is an object");
    keywords.iter().find_map(|(keyword, argument)| {
        let wrong = |wrong: bool| wrong.then(|| format!("{value} is against {keyword}: {argument}"));
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => None,
            "$ref" => {
                let name = argument.as_str().expect("a name").strip_prefix("#/$defs/").expect("in this file");
                complaint(root, &root["$defs"][name], value)
            }
            "const" => wrong(value != argument),
            "enum" => wrong(!argument.as_array().expect("a list").contains(value)),
            "type" => wrong(!match argument.as_str().expect("a name") {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64() || value.is_u64(),
                other => panic!("the test knows no type {other}"),
            }),
            "minimum" => wrong(value.as_i64().is_some_and(|number| Some(number) < argument.as_i64())),
            "minLength" => {
                wrong(value.as_str().is_some_and(|text| (text.len() as u64) < argument.as_u64().expect("a number")))
            }
            "pattern" => {
                let pattern = regex::Regex::new(argument.as_str().expect("a pattern")).expect("an expression");
                wrong(value.as_str().is_some_and(|text| !pattern.is_match(text)))
            }
            "required" => {
                let names = argument.as_array().expect("a list").iter();
                wrong(
                    value.is_object()
                        && names.clone().any(|name| value.get(name.as_str().expect("a name")).is_none()),
                )
            }
            "properties" => {
                let mut members = value.as_object().into_iter().flat_map(Map::iter);
                members.find_map(|(name, member)| complaint(root, argument.get(name)?, member))
            }
            "additionalProperties" => {
                assert_eq!(argument, false);
                let mut names = value.as_object().into_iter().flat_map(Map::keys);
                names.find_map(|name| {
                    keywords["properties"].get(name).is_none().then(|| format!("{name} is unknown"))
                })
            }
            "items" => value.as_array().into_iter().flatten().find_map(|item| complaint(root, argument, item)),
            "oneOf" => {
                let results: Vec<_> =
                    argument.as_array().expect("a list").iter().map(|rule| complaint(root, rule, value)).collect();
                let fits = results.iter().filter(|complaint| complaint.is_none()).count();
                (fits != 1).then(|| format!("{value} is {fits} of the kinds: {results:?}"))
            }
            other => panic!("the test knows no keyword {other}"),
        }
    })
}

#[track_caller]
fn check(snapshot: &Snapshot, notes: BTreeMap<Seq, String>) {
    let schema = schema();
    let header = Header { notes, ..header(Role::Listener) };
    let mut out = Vec::new();
    let written = write(FileFormat::Jsonl, &mut out, &header, snapshot, &mut |_| ControlFlow::Continue(()));
    written.expect("a Vec takes everything");
    for line in std::str::from_utf8(&out).expect("ASCII").lines() {
        let value = serde_json::from_str(line).expect("JSON");
        assert_eq!(complaint(&schema, &schema, &value), None, "{line}");
    }
}

#[test]
fn every_line_is_what_the_schema_says() {
    let notes = BTreeMap::from([(2, String::new()), (3, "why?".to_owned())]);
    check(&every_kind(), notes);
    // And one of which records are missing.
    let (journal, mut writer) = journal();
    writer.detail(None, Detail::Note("gone".to_owned()));
    writer.publish(true);
    drop(journal.snapshot());
    writer.detail(None, Detail::Note("kept".to_owned()));
    writer.publish(true);
    journal.set_limits(Limits { records: 1, ..Limits::default() });
    let snapshot = journal.snapshot();
    assert_eq!(snapshot.first(), 1);
    check(&snapshot, BTreeMap::new());
}

/// Otherwise the schema, or the test, would let anything pass.
#[test]
fn a_wrong_line_is_refused() {
    let schema = schema();
    let time = "2026-11-21T03:05:00.123456789Z";
    let right = json!({"type": "received", "seq": 0, "time": time, "conn": 1, "len": 1, "hex": "00", "text": "\0"});
    assert_eq!(complaint(&schema, &schema, &right), None);
    for (name, wrong) in [
        ("type", json!("recieved")),
        ("seq", json!(-1)),
        ("time", json!("2026-11-21T03:05:00Z")),
        ("conn", json!(0)),
        ("hex", json!("0")),
        ("text", json!(1)),
        ("how", json!("peer_fin")),
    ] {
        let mut line = right.clone();
        line[name] = wrong;
        assert!(complaint(&schema, &schema, &line).is_some(), "{line}");
    }
    for name in ["type", "seq", "time", "conn", "len", "hex", "text"] {
        let mut line = right.clone();
        line.as_object_mut().expect("an object").remove(name);
        assert!(complaint(&schema, &schema, &line).is_some(), "{line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_crosses_fits_the_schema(acts in prop::collection::vec(act(), 0..20)) {
        check(&played(acts), BTreeMap::new());
    }
}
