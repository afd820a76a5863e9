use super::*;

fn scan(text: &str) -> Result<(), JsonFault> {
    scan_object(text, |_, _| ()).map_err(|error| error.fault())
}

fn members(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    scan_object(text, |name, value| {
        found.push((name.into_owned(), value.to_owned()));
    })
    .unwrap();
    found
}

#[test]
fn members_keep_their_text() {
    let text = " {\"a\" : 1.50 ,\"\\u0062\":[ 1,\"x\" ], \"\":{\"c\":\"\\u00e9\"}} ";
    let expected = [
        ("a", "1.50"),
        ("b", "[ 1,\"x\" ]"),
        ("", "{\"c\":\"\\u00e9\"}"),
    ];
    assert_eq!(
        members(text),
        expected.map(|(name, value)| (name.into(), value.into()))
    );
}

#[test]
fn names_with_quotes_inside_are_resolved() {
    assert_eq!(
        members(r#"{"\"a\"":1}"#),
        [("\"a\"".to_owned(), "1".to_owned())]
    );
}

#[test]
fn what_is_not_json_is_refused() {
    let texts = [
        "",
        " ",
        "{",
        "}",
        "[]",
        "1",
        "\"a\"",
        "null",
        "{]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":-Infinity}",
        "{\"a\":+1}",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":0x1}",
        "{\"a\":[1,]}",
        "{\"a\":[,]}",
        "{\"a\":tru}",
        "{\"a\":True}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u+123\"}",
        "{\"a\":\"\\u12é\"}",
        "{\"a\":1/*c*/}",
        "//\n{}",
        "\u{feff}{}",
        "{\"a\":\"}",
        "\u{a0}{}",
    ];
    for text in texts {
        assert_eq!(scan(text), Err(JsonFault::Syntax), "{text:?}");
    }
    for text in ["{}{}", "{} x", "{\"a\":1}]", "{}\0"] {
        assert_eq!(scan(text), Err(JsonFault::TrailingText), "{text:?}");
    }
}

#[test]
fn duplicate_names_are_found_nested_and_behind_escapes() {
    let texts = [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"x":{"a":1,"a":1}}"#,
        r#"{"x":[{"a":1,"b":2,"a":1}]}"#,
        r#"{"/":1,"\/":2}"#,
    ];
    for text in texts {
        assert_eq!(scan(text), Err(JsonFault::DuplicateName), "{text}");
    }
    assert_eq!(scan(r#"{"a":{"a":1},"A":2,"b":{"a":1}}"#), Ok(()));
}

#[test]
fn duplicates_are_found_also_among_many_names() {
    let many: Vec<String> = (0..100).map(|number| format!("\"n{number}\":0")).collect();
    assert_eq!(scan(&format!("{{{}}}", many.join(","))), Ok(()));
    for repeated in [0, FEW_NAMES - 1, FEW_NAMES, 99] {
        let text = format!("{{{},\"n{repeated}\":1}}", many.join(","));
        assert_eq!(scan(&text), Err(JsonFault::DuplicateName), "n{repeated}");
    }
}

#[test]
fn surrogates_come_in_pairs() {
    assert_eq!(scan(r#"{"a":"\ud83d\ude00\u00e9"}"#), Ok(()));
    let texts = [
        r#"{"a":"\ud83d"}"#,
        r#"{"a":"\ude00"}"#,
        r#"{"a":"\ud83d\ud83d"}"#,
        r#"{"a":"\ud83dx"}"#,
        r#"{"a":"\ud83d\n"}"#,
        r#"{"\ud83d":1}"#,
        r#"{"x":["\udfff\ud800"]}"#,
    ];
    for text in texts {
        assert_eq!(scan(text), Err(JsonFault::LoneSurrogate), "{text}");
    }
}

#[test]
fn depth_members_and_digits_are_bounded() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(scan(&nested(31)), Ok(()));
    assert_eq!(scan(&nested(32)), Err(JsonFault::TooDeep));

    let wide = |count: usize| {
        let members: Vec<String> = (0..count).map(|number| format!("\"{number}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert_eq!(scan(&wide(1000)), Ok(()));
    assert_eq!(scan(&wide(1001)), Err(JsonFault::TooManyMembers));

    let long = |digits: usize| format!("{{\"a\":{}}}", "9".repeat(digits));
    assert_eq!(scan(&long(40)), Ok(()));
    assert_eq!(scan(&long(41)), Err(JsonFault::NumberTooLong));
    assert_eq!(
        scan(&format!("{{\"a\":0.{}e1}}", "1".repeat(39))),
        Err(JsonFault::NumberTooLong)
    );
}

#[test]
fn eight_bytes_at_a_time_find_what_one_at_a_time_finds() {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    for length in 0..20 {
        for position in 0..length {
            for byte in 0..=u8::MAX {
                for around in [b'a', 0x7F, 0x80, 0xFF, b'!', b'#', b'[', b']', 0x20] {
                    let mut text = vec![around; length];
                    text[position] = byte;
                    let expected = if plain(byte) { length } else { position };
                    assert_eq!(plain_prefix(&text), expected, "{text:?}");
                }
            }
        }
    }
}
