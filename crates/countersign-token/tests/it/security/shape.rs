//! T01–T05: what is a token at all.

use countersign_token::{HeaderForm, JsonFault, Malformation, Segment, Verifier, VerifyError};

use crate::support::{
    HEADER, NOW, SECRET, access_claims, access_token, base64url, claims_with, forge, hs256,
    judge_claims, judge_header, verifier,
};

#[test]
fn t01_only_compact_serialization() {
    let token = access_token(&hs256());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let texts = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        signed.to_owned(),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{token}.{signature}.{signature}"),
        format!("{header}..{signature}"),
        format!(".{claims}.{signature}"),
        format!("{signed}."),
        format!("{header}.{claims}..{signature}"),
        format!(r#"{{"protected":"{header}","payload":"{claims}","signature":"{signature}"}}"#),
        format!(
            r#"{{"payload":"{claims}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#
        ),
    ];
    for text in texts {
        let error = verifier(&hs256()).authenticate(&text, NOW).unwrap_err();
        assert_eq!(
            error,
            VerifyError::Malformed(Malformation::Structure),
            "{text}"
        );
    }
    assert!(verifier(&hs256()).authenticate(&token, NOW).is_ok());
}

#[test]
fn t02_base64url_has_one_spelling() {
    let token = access_token(&hs256());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let verifier = verifier(&hs256());

    // The last character of 32 bytes carries two unused bits: three more spellings of one tag.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet
        .find(signature.chars().next_back().unwrap())
        .unwrap();
    for twin in 1..4 {
        let twin = char::from(alphabet.as_bytes()[(last & !3) | ((last + twin) % 4)]);
        let text = format!("{signed}.{}{twin}", &signature[..signature.len() - 1]);
        assert_eq!(
            malformation(&verifier, &text),
            Malformation::Base64Url(Segment::Signature)
        );
    }
    for bad in [
        "=", "==", " ", "\n", "\r\n", "\t", "+", "/", "?", "\u{e9}", "%3D", "\0",
    ] {
        for text in [
            format!("{token}{bad}"),
            format!("{signed}.{bad}{signature}"),
        ] {
            assert!(matches!(
                verifier.authenticate(&text, NOW),
                Err(VerifyError::Malformed(_))
            ));
        }
        for text in [
            format!("{header}{bad}.{claims}.{signature}"),
            format!("{header}.{bad}{claims}.{signature}"),
        ] {
            assert!(verifier.authenticate(&text, NOW).is_err(), "{text:?}");
        }
    }
    assert!(verifier.authenticate(&format!(" {token}"), NOW).is_err());
}

#[test]
fn t02_signed_segments_are_canonical_too() {
    // Padding inside the signed text is refused although the signature covers it.
    let header = base64url(HEADER.as_bytes());
    for claims in [
        claims_with(""),
        claims_with(r#","a":1"#),
        claims_with(r#","a":12"#),
    ] {
        let claims = base64url(claims.as_bytes());
        for padding in ["=", "==", "\n"] {
            let text = sign_text(&format!("{header}.{claims}{padding}"));
            let expected = Malformation::Base64Url(Segment::Claims);
            assert_eq!(malformation(&verifier(&hs256()), &text), expected);
            let text = sign_text(&format!("{header}{padding}.{claims}"));
            let expected = Malformation::Base64Url(Segment::Header);
            assert_eq!(malformation(&verifier(&hs256()), &text), expected);
        }
    }
}

#[test]
fn t03_size_is_bounded_before_anything_else() {
    let padded = |bytes: usize| {
        let mut claims = access_claims();
        claims.insert("fill", "x".repeat(bytes)).unwrap();
        hs256()
            .encode(HeaderForm::Plain, &claims)
            .unwrap()
            .into_string()
    };
    let verifier = verifier(&hs256());
    assert!(verifier.authenticate(&padded(12_000), NOW).is_ok());
    let expected = Malformation::TooLong { limit: 16 * 1024 };
    assert_eq!(malformation(&verifier, &padded(13_000)), expected);

    let generous = verifier.clone().max_token_bytes(usize::MAX);
    assert!(generous.authenticate(&padded(13_000), NOW).is_ok());
    assert!(generous.authenticate(&padded(48_000), NOW).is_ok());
    let expected = Malformation::TooLong { limit: 64 * 1024 };
    assert_eq!(malformation(&generous, &"x.".repeat(500_000)), expected);

    let mut claims = access_claims();
    claims.insert("fill", "x".repeat(64 * 1024)).unwrap();
    assert!(hs256().encode(HeaderForm::Plain, &claims).is_err());
}

#[test]
fn t03_depth_members_and_digits_are_bounded() {
    let nested = |depth: usize| format!(r#","a":{}1{}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(judge_claims(&claims_with(&nested(31))).is_ok());
    assert_eq!(json_fault(&claims_with(&nested(32))), JsonFault::TooDeep);

    let wide = |count: usize| {
        let members: Vec<String> = (0..count)
            .map(|number| format!(r#","{number}":0"#))
            .collect();
        members.concat()
    };
    assert!(judge_claims(&claims_with(&wide(1000 - 5))).is_ok());
    assert_eq!(
        json_fault(&claims_with(&wide(1001 - 5))),
        JsonFault::TooManyMembers
    );

    let long = |digits: usize| format!(r#","a":{}"#, "1".repeat(digits));
    assert!(judge_claims(&claims_with(&long(40))).is_ok());
    assert_eq!(
        json_fault(&claims_with(&long(41))),
        JsonFault::NumberTooLong
    );
    for header in [
        format!(
            r#"{{"alg":"HS256","a":{}1{}}}"#,
            "[".repeat(40),
            "]".repeat(40)
        ),
        format!(r#"{{"alg":"HS256"{}}}"#, wide(1000)),
        format!(r#"{{"alg":"HS256"{}}}"#, long(41)),
    ] {
        assert!(matches!(
            judge_header(&header),
            Err(VerifyError::Malformed(_))
        ));
    }
}

#[test]
fn t04_header_and_claims_are_utf8_json_objects() {
    let good = claims_with("");
    let bad_claims: [&[u8]; 16] = [
        b"",
        b" ",
        b"null",
        b"[]",
        b"\"x\"",
        b"7",
        b"{",
        b"{}{}",
        b"{\"a\":1}x",
        b"{\"a\":NaN}",
        b"{\"a\":Infinity}",
        b"{\"a\":1}//c",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":\"\xff\"}",
        b"\xef\xbb\xbf{}",
        b"{\"a\":\"\xed\xa0\x80\"}",
    ];
    for claims in bad_claims {
        let token = forge(HEADER.as_bytes(), claims);
        let error = verifier(&hs256()).authenticate(&token, NOW).unwrap_err();
        assert!(
            matches!(error, VerifyError::Malformed(_)),
            "{claims:?}: {error:?}"
        );
    }
    let with_mark = [&b"\xef\xbb\xbf"[..], good.as_bytes()].concat();
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for claims in [with_mark, utf16, format!("{good} \0").into_bytes()] {
        let token = forge(HEADER.as_bytes(), &claims);
        assert!(matches!(
            verifier(&hs256()).authenticate(&token, NOW),
            Err(VerifyError::Malformed(_))
        ));
    }
    for header in [
        "",
        "null",
        "[]",
        "{\"alg\":\"HS256\"}}",
        "\u{feff}{\"alg\":\"HS256\"}",
    ] {
        assert!(
            matches!(judge_header(header), Err(VerifyError::Malformed(_))),
            "{header}"
        );
    }
    assert!(judge_claims(&format!(" {good}\n")).is_ok());
}

#[test]
fn t05_duplicate_names_are_refused() {
    for more in [
        r#","user_id":"2""#,
        r#","\u0075ser_id":"2""#,
        r#","user\u005fid":"2""#,
        r#","exp":1"#,
        r#","a":{"b":1,"b":2}"#,
        r#","a":[{"b":1,"\u0062":2}]"#,
    ] {
        assert_eq!(
            json_fault(&claims_with(more)),
            JsonFault::DuplicateName,
            "{more}"
        );
    }
    for header in [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","\u0061lg":"none"}"#,
        r#"{"alg":"HS256","x":{"a":1,"a":1}}"#,
    ] {
        assert!(
            matches!(judge_header(header), Err(VerifyError::Malformed(_))),
            "{header}"
        );
    }
}

fn malformation(verifier: &Verifier, token: &str) -> Malformation {
    match verifier.authenticate(token, NOW) {
        Err(VerifyError::Malformed(malformation)) => malformation,
        other => panic!("{other:?}"),
    }
}

fn json_fault(claims: &str) -> JsonFault {
    match judge_claims(claims) {
        Err(VerifyError::Malformed(Malformation::Json { source, .. })) => source.fault(),
        other => panic!("{other:?}"),
    }
}

/// Signs a text that need not be two segments of base64url.
fn sign_text(input: &str) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET);
    let tag = aws_lc_rs::hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", base64url(tag.as_ref()))
}
