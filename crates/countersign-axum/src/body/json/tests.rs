use super::*;

fn members(text: &str) -> Members<'_> {
    match parse(text, &Limits::DRF) {
        Ok(Document::Object(members)) => members,
        other => panic!("{text}: {other:?}"),
    }
}

fn fault(text: &str) -> String {
    parse(text, &Limits::DRF)
        .map_or_else(|fault| fault.told(text), |document| format!("{document:?}"))
}

#[test]
fn members_are_kept_in_order_with_their_values() {
    let read = members(r#" {"a": "x", "b" :null,"a":1.5e3,"c":[{"d":1}],"e":{},"f":-0,"g":true} "#);
    let names: Vec<_> = read.iter().map(|(name, _)| name.as_ref()).collect();
    let values: Vec<_> = read.iter().map(|(_, value)| value.clone()).collect();
    assert_eq!(names, ["a", "b", "a", "c", "e", "f", "g"]);
    let text = Text {
        text: "x".into(),
        lone_surrogate: None,
    };
    assert_eq!(
        values,
        [
            Value::Text(text),
            Value::Null,
            Value::Float("1.5e3"),
            Value::List,
            Value::Object,
            Value::Integer("-0"),
            Value::Bool,
        ]
    );
}

#[test]
fn escapes_are_undone_and_half_pairs_noticed() {
    for (written, text, lone_surrogate) in [
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t", None),
        (r#""a\u0062c""#, "abc", None),
        (r#""\ud83d\ude00!""#, "😀!", None),
        (r#""\ud800""#, "\u{fffd}", Some(0xd800)),
        (r#""\udc00\ud801x""#, "\u{fffd}\u{fffd}x", Some(0xdc00)),
        (r#""\ud83d\u0041""#, "\u{fffd}A", Some(0xd83d)),
        (r#""""#, "", None),
        ("\"ž\"", "ž", None),
    ] {
        let object = format!("{{\"k\":{written}}}");
        let (_, value) = members(&object).remove(0);
        assert_eq!(
            value,
            Value::Text(Text {
                text: text.into(),
                lone_surrogate
            }),
            "{written}"
        );
    }
}

#[test]
fn faults_are_told_as_python_tells_them() {
    for (text, told) in [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("   ", "Expecting value: line 1 column 4 (char 3)"),
        (
            r#"{"username":"#,
            "Expecting value: line 1 column 13 (char 12)",
        ),
        (
            "{'a':1}",
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (
            "{",
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (r#"{"a":1} x"#, "Extra data: line 1 column 9 (char 8)"),
        (
            "{\"a\":\"\n\"}",
            "Invalid control character at: line 1 column 7 (char 6)",
        ),
        (
            "{\"a\"\n:1,\n}",
            "Illegal trailing comma before end of object: line 2 column 3 (char 7)",
        ),
        (
            "[1,]",
            "Illegal trailing comma before end of array: line 1 column 3 (char 2)",
        ),
        (
            r#"{"a" 1}"#,
            "Expecting ':' delimiter: line 1 column 6 (char 5)",
        ),
        (
            r#"{"ž":007}"#,
            "Expecting ',' delimiter: line 1 column 7 (char 6)",
        ),
        (
            r#"{"a":"x"#,
            "Unterminated string starting at: line 1 column 6 (char 5)",
        ),
        (
            r#"{"a":"\x"}"#,
            "Invalid \\escape: line 1 column 7 (char 6)",
        ),
        (
            r#"{"a":"\u12"}"#,
            "Invalid \\uXXXX escape: line 1 column 7 (char 6)",
        ),
        (
            r#"{"a":NaN}"#,
            "Out of range float values are not JSON compliant: 'NaN'",
        ),
        (
            r#"{"a":-Infinity}"#,
            "Out of range float values are not JSON compliant: '-Infinity'",
        ),
        (r#"{"a":.5}"#, "Expecting value: line 1 column 6 (char 5)"),
        (
            r#"{"a":1.}"#,
            "Expecting ',' delimiter: line 1 column 7 (char 6)",
        ),
        (
            "\u{feff}{}",
            "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)",
        ),
        ("\u{a0}{}", "Expecting value: line 1 column 1 (char 0)"),
    ] {
        assert_eq!(fault(text), told, "{text}");
    }
}

#[test]
fn other_values_are_named_as_python_names_them() {
    for (text, value) in [
        ("null", NotAnObject::Null),
        ("[1]", NotAnObject::Value("list")),
        ("\"\"", NotAnObject::Value("str")),
        ("12", NotAnObject::Value("int")),
        ("1e5", NotAnObject::Value("float")),
        ("true", NotAnObject::Value("bool")),
    ] {
        assert_eq!(
            parse(text, &Limits::DRF),
            Ok(Document::Other(value)),
            "{text}"
        );
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |levels: usize| {
        format!(
            "{{\"x\":{}{}}}",
            "[".repeat(levels - 1),
            "]".repeat(levels - 1)
        )
    };
    for (limits, most) in [(Limits::DRF, 256), (Limits::STRICT, 32)] {
        assert!(parse(&nested(most), &limits).is_ok());
        assert_eq!(
            parse(&nested(most + 1), &limits).unwrap_err().reason,
            Reason::Depth(most)
        );
    }
}

#[test]
fn strict_refuses_what_readers_could_understand_differently() {
    for (text, reason) in [
        (r#"{"a":1,"\u0061":2}"#.to_owned(), Reason::Repeated),
        (r#"{"x":"\ud800"}"#.to_owned(), Reason::Surrogate),
        (format!("{{\"x\":{}}}", "1".repeat(41)), Reason::Number(40)),
        (
            format!("{{\"x\":[{}1]}}", "1,".repeat(1000)),
            Reason::Members(1000),
        ),
    ] {
        assert!(parse(&text, &Limits::DRF).is_ok(), "{text}");
        assert_eq!(parse(&text, &Limits::STRICT).unwrap_err().reason, reason);
    }
}

#[test]
fn no_cut_of_a_text_is_json() {
    let whole = r#"{"a":["\u00e9\ud83d\ude00",-1.5e+3,{"b":null,"c":true}],"é":"\n"}"#;
    assert!(parse(whole, &Limits::STRICT).is_ok());
    for cut in (1..whole.len()).filter(|at| whole.is_char_boundary(*at)) {
        assert!(parse(&whole[..cut], &Limits::DRF).is_err(), "{cut}");
    }
}
