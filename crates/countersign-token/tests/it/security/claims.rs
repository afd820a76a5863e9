//! T16–T22: what the claims must say.

use std::time::Duration;

use countersign_token::{
    Access, HeaderForm, Refresh, Sliding, TokenKind, UnixMillis, UserClaim, VerifyError, Websocket,
};

use crate::support::{
    HEADER, NOW, NOW_SECONDS, access_claims, access_token, claims_with, forge, hs256, judge_claims,
    verifier,
};

#[test]
fn t16_exp_is_required_and_a_number() {
    let without = claims_with("").replace(&format!(r#""exp":{},"#, NOW_SECONDS + 300), "");
    assert_eq!(
        judge_claims(&without).unwrap_err(),
        VerifyError::MissingExpiration
    );
    for exp in [
        "null",
        "true",
        "false",
        "[]",
        "{}",
        r#""1893456300""#,
        r#""""#,
        "-1",
        "-0.5e1",
        "1e400",
        "1e19",
        "253402300800",
        "9223372036854775808",
        "[1893456300]",
    ] {
        assert_eq!(judge_date("exp", exp), Err(not_acceptable("exp")), "{exp}");
    }
    for exp in [
        "NaN",
        "1e",
        "01893456300",
        "0x70DBD880",
        "+1893456300",
        "1_893_456_300",
    ] {
        assert!(
            matches!(judge_date("exp", exp), Err(VerifyError::Malformed(_))),
            "{exp}"
        );
    }
    for exp in [
        "1893456300.0",
        "1893456300.9",
        "1.8934563e9",
        "253402300799",
        "253402300799.5",
    ] {
        assert_eq!(judge_date("exp", exp), Ok(()), "{exp}");
    }
    for exp in [
        "0",
        "-0",
        "-0.9",
        "1",
        "1893456000",
        "1893456000.9",
        "1.893456e9",
    ] {
        assert_eq!(judge_date("exp", exp), Err(VerifyError::Expired), "{exp}");
    }
}

#[test]
fn t16_a_token_expires_in_the_very_millisecond() {
    let token = access_token(&hs256());
    let exp = UnixMillis::from_seconds(NOW_SECONDS + 300);
    let before = UnixMillis::from_millis(exp.millis() - 1);
    let strict = verifier(&hs256());
    assert!(strict.authenticate(&token, before).is_ok());
    assert_eq!(
        strict.authenticate(&token, exp).unwrap_err(),
        VerifyError::Expired
    );
    let lenient = strict.leeway(Duration::from_secs(10));
    assert!(
        lenient
            .authenticate(&token, before.plus(Duration::from_secs(10)))
            .is_ok()
    );
    let end = exp.plus(Duration::from_secs(10));
    assert_eq!(
        lenient.authenticate(&token, end).unwrap_err(),
        VerifyError::Expired
    );
}

#[test]
fn t17_nbf_and_iat_are_numbers_and_not_ahead() {
    for claim in ["nbf", "iat"] {
        for value in [
            "null",
            "true",
            "[]",
            "{}",
            r#""1893456000""#,
            "1e400",
            "1e19",
        ] {
            assert_eq!(
                judge_date(claim, value),
                Err(not_acceptable(claim)),
                "{claim} {value}"
            );
        }
        for value in ["0", "-1", "1893456000", "1893456000.9", "-1e10"] {
            assert_eq!(judge_date(claim, value), Ok(()), "{claim} {value}");
        }
    }
    assert_eq!(
        judge_date("iat", "1893456001"),
        Err(VerifyError::IssuedInFuture)
    );
    assert_eq!(
        judge_date("nbf", "1893456001"),
        Err(VerifyError::NotYetValid)
    );
    assert_eq!(judge_date("nbf", "1e12"), Err(VerifyError::NotYetValid));
}

#[test]
fn t17_leeway_and_tolerance_shift_what_is_ahead() {
    let token = |claim: &str, ahead: i64| {
        let mut claims = access_claims();
        claims.insert(claim, NOW_SECONDS + ahead).unwrap();
        hs256()
            .encode(HeaderForm::Plain, &claims)
            .unwrap()
            .into_string()
    };
    let five = Duration::from_secs(5);
    let lenient = verifier(&hs256()).leeway(five);
    let tolerant = verifier(&hs256()).issued_at_tolerance(five);
    for claim in ["iat", "nbf"] {
        assert!(lenient.authenticate(&token(claim, 5), NOW).is_ok());
        assert!(lenient.authenticate(&token(claim, 6), NOW).is_err());
    }
    assert!(tolerant.authenticate(&token("iat", 5), NOW).is_ok());
    assert!(tolerant.authenticate(&token("iat", 6), NOW).is_err());
    assert!(tolerant.authenticate(&token("nbf", 1), NOW).is_err());
    assert!(tolerant.authenticate(&token("exp", 0), NOW).is_err());
}

#[test]
fn t18_leeway_is_at_most_300_seconds() {
    let token = access_token(&hs256());
    let generous = verifier(&hs256())
        .leeway(Duration::MAX)
        .issued_at_tolerance(Duration::MAX);
    let end = UnixMillis::from_seconds(NOW_SECONDS + 600);
    assert!(
        generous
            .authenticate(&token, UnixMillis::from_millis(end.millis() - 1))
            .is_ok()
    );
    assert_eq!(
        generous.authenticate(&token, end).unwrap_err(),
        VerifyError::Expired
    );
    let early = UnixMillis::from_seconds(NOW_SECONDS - 301);
    assert_eq!(
        generous.authenticate(&token, early).unwrap_err(),
        VerifyError::IssuedInFuture
    );
}

#[test]
fn t19_issuers_are_compared_whole() {
    let verdict = |more: &str, issuers: &[&str]| {
        let token = forge(HEADER.as_bytes(), claims_with(more).as_bytes());
        verifier(&hs256())
            .issuers(issuers.iter().copied())
            .authenticate(&token, NOW)
            .map(|_| ())
    };
    let ours = "https://id.example";
    assert_eq!(verdict(r#","iss":"https://id.example""#, &[ours]), Ok(()));
    assert_eq!(
        verdict(r#","iss":"https:\/\/id.example""#, &["x", ours]),
        Ok(())
    );
    for iss in [
        "https://id.example/",
        "https://id.exampl",
        "HTTPS://ID.EXAMPLE",
        "",
        " https://id.example",
        "https://id.example.evil",
    ] {
        let more = format!(r#","iss":"{iss}""#);
        assert_eq!(
            verdict(&more, &[ours]),
            Err(VerifyError::IssuerMismatch),
            "{iss}"
        );
    }
    assert_eq!(verdict("", &[ours]), Err(VerifyError::IssuerMismatch));
    assert_eq!(
        verdict(r#","iss":"https://id.example""#, &[]),
        Err(VerifyError::IssuerMismatch)
    );
    for iss in ["null", "1", r#"["https://id.example"]"#, "{}"] {
        let more = format!(r#","iss":{iss}"#);
        assert_eq!(verdict(&more, &[ours]), Err(not_acceptable("iss")), "{iss}");
    }
    assert!(
        judge_claims(&claims_with(r#","iss":7"#)).is_ok(),
        "not looked at unless configured"
    );
}

#[test]
fn t19_audiences_are_compared_whole() {
    let verdict = |more: &str, audiences: &[&str]| {
        let token = forge(HEADER.as_bytes(), claims_with(more).as_bytes());
        verifier(&hs256())
            .audiences(audiences.iter().copied())
            .authenticate(&token, NOW)
            .map(|_| ())
    };
    for aud in [
        r#""jobs""#,
        r#"["jobs"]"#,
        r#"["x","jobs"]"#,
        r#"["\u006aobs"]"#,
    ] {
        assert_eq!(
            verdict(&format!(r#","aud":{aud}"#), &["other", "jobs"]),
            Ok(()),
            "{aud}"
        );
    }
    for aud in [
        r#""job""#,
        r#""jobs ""#,
        r#""Jobs""#,
        r#""""#,
        "[]",
        r#"["job","s"]"#,
        r#""jobs,x""#,
    ] {
        let more = format!(r#","aud":{aud}"#);
        assert_eq!(
            verdict(&more, &["jobs"]),
            Err(VerifyError::AudienceMismatch),
            "{aud}"
        );
    }
    assert_eq!(verdict("", &["jobs"]), Err(VerifyError::AudienceMismatch));
    assert_eq!(
        verdict(r#","aud":"jobs""#, &[]),
        Err(VerifyError::AudienceMismatch)
    );
    for aud in [
        "null",
        "1",
        "{}",
        r#"{"jobs":1}"#,
        r#"["jobs",1]"#,
        r#"[["jobs"]]"#,
        "[null]",
    ] {
        let more = format!(r#","aud":{aud}"#);
        assert_eq!(
            verdict(&more, &["jobs"]),
            Err(not_acceptable("aud")),
            "{aud}"
        );
    }
    assert!(
        judge_claims(&claims_with(r#","aud":7"#)).is_ok(),
        "not looked at unless configured"
    );
}

#[test]
fn t20_kinds_are_never_exchanged() {
    fn verdict<K: TokenKind>(claims: &str) -> Result<(), VerifyError> {
        let token = forge(HEADER.as_bytes(), claims.as_bytes());
        verifier(&hs256()).verify::<K>(&token, NOW).map(|_| ())
    }
    for kind in [
        "access",
        "refresh",
        "sliding",
        "websocket",
        "",
        "Access",
        "access ",
        "untyped",
    ] {
        let claims = claims_with("").replace(r#":"access""#, &format!(r#":"{kind}""#));
        let as_expected = |wanted: &str| {
            if wanted == kind {
                Ok(())
            } else {
                Err(VerifyError::WrongType)
            }
        };
        assert_eq!(verdict::<Access>(&claims), as_expected("access"));
        assert_eq!(verdict::<Refresh>(&claims), as_expected("refresh"));
        assert_eq!(verdict::<Sliding>(&claims), as_expected("sliding"));
        assert_eq!(verdict::<Websocket>(&claims), as_expected("websocket"));
    }
    for value in ["null", "1", "true", r#"["access"]"#, "{}"] {
        let claims = claims_with("").replace(r#":"access""#, &format!(":{value}"));
        assert_eq!(verdict::<Access>(&claims), Err(VerifyError::WrongType));
    }
    let untyped = claims_with("").replace(r#""token_type":"access","#, "");
    assert_eq!(verdict::<Access>(&untyped), Err(VerifyError::MissingType));
}

#[test]
fn t20_the_type_claim_is_configurable() {
    let claims = claims_with(r#","tt":"refresh""#);
    let token = forge(HEADER.as_bytes(), claims.as_bytes());
    let renamed = verifier(&hs256()).token_type_claim(Some("tt"));
    assert_eq!(
        renamed.verify::<Refresh>(&token, NOW).unwrap().token_type(),
        Some("refresh")
    );
    assert!(renamed.verify::<Access>(&token, NOW).is_err());
    let unchecked = verifier(&hs256()).token_type_claim(None);
    assert!(unchecked.verify::<Refresh>(&token, NOW).is_ok());
    assert_eq!(
        unchecked.authenticate(&token, NOW).unwrap().token_type(),
        None
    );
}

#[test]
fn t21_a_token_has_an_id() {
    let with_id = |id: &str| claims_with("").replace(r#""0123456789abcdef0123456789abcdef""#, id);
    let without = with_id(r#""x""#).replace(r#""jti":"x","#, "");
    assert_eq!(
        judge_claims(&without).unwrap_err(),
        VerifyError::MissingTokenId
    );
    let long = |bytes: usize| format!("\"{}\"", "x".repeat(bytes));
    for id in [
        "null",
        "7",
        "true",
        "[]",
        "{}",
        r#""""#,
        r#""\u0000""#,
        r#""a\u0000b""#,
        &long(256),
    ] {
        assert_eq!(
            judge_claims(&with_id(id)).unwrap_err(),
            not_acceptable("jti"),
            "{id}"
        );
    }
    let escaped = judge_claims(&with_id(r#""\u0061\"b""#)).unwrap();
    assert_eq!(escaped.token_id(), "a\"b");
    assert_eq!(
        judge_claims(&with_id(&long(255))).unwrap().token_id(),
        "x".repeat(255)
    );
}

#[test]
fn t21_the_id_claim_is_configurable_and_jti_stays_a_string() {
    let verdict = |more: &str| {
        let token = forge(HEADER.as_bytes(), claims_with(more).as_bytes());
        let verifier = verifier(&hs256()).token_id_claim("tid");
        verifier
            .authenticate(&token, NOW)
            .map(|token| token.token_id().to_owned())
    };
    assert_eq!(verdict(r#","tid":"x""#).as_deref(), Ok("x"));
    assert_eq!(verdict(""), Err(VerifyError::MissingTokenId));
    assert_eq!(verdict(r#","tid":7"#), Err(not_acceptable("tid")));
    let numeric_jti =
        claims_with(r#","tid":"x""#).replace(r#""0123456789abcdef0123456789abcdef""#, "7");
    let token = forge(HEADER.as_bytes(), numeric_jti.as_bytes());
    let verifier = verifier(&hs256()).token_id_claim("tid");
    assert_eq!(
        verifier.authenticate(&token, NOW).unwrap_err(),
        not_acceptable("jti")
    );
    assert_eq!(
        judge_claims(&claims_with(r#","sub":7"#)).unwrap_err(),
        not_acceptable("sub")
    );
}

#[test]
fn t22_user_claims_resolve_in_their_canonical_spelling() {
    let account = |user: &str| {
        let claims = claims_with("").replace(r#""user_id":"1""#, &format!(r#""user_id":{user}"#));
        judge_claims(&claims)
            .unwrap()
            .user()
            .unwrap()
            .as_account_number()
    };
    assert_eq!(
        (account("7"), account(r#""7""#), account(r#""\u0037""#)),
        (Some(7), Some(7), Some(7))
    );
    assert_eq!(account("9223372036854775807"), Some(i64::MAX));
    for user in [
        r#""07""#,
        r#"" 7""#,
        r#""7 ""#,
        r#""+7""#,
        r#""7.0""#,
        "7.0",
        "7e0",
        "70e-1",
        "true",
        "[7]",
        r#"{"id":7}"#,
        "null",
        r#""""#,
        "0",
        r#""0""#,
        "-7",
        r#""-7""#,
        "-0",
        "\"\u{ff17}\"",
        "\"\u{0667}\"",
        r#""7\u0000""#,
        "9223372036854775808",
        r#""9223372036854775808""#,
        r#""0x7""#,
        r#""7_0""#,
        r#""seven""#,
    ] {
        assert_eq!(account(user), None, "{user}");
    }
}

#[test]
fn t22_absent_null_and_odd_users_are_told_apart() {
    let user = |user: &str| {
        let claims = claims_with("").replace(r#""user_id":"1""#, user);
        let token = judge_claims(&claims).unwrap();
        (
            token.user().map(|user| format!("{user:?}")),
            token.subject().map(str::to_owned),
        )
    };
    assert_eq!(user(r#""x":1"#), (None, None));
    assert_eq!(
        user(r#""user_id":null"#),
        (Some(format!("{:?}", UserClaim::Other)), None)
    );
    assert_eq!(user(r#""user_id":12"#).1.as_deref(), Some("12"));
    assert_eq!(user(r#""user_id":"\u00e9""#).1.as_deref(), Some("é"));
}

fn not_acceptable(claim: &str) -> VerifyError {
    VerifyError::ClaimNotAcceptable {
        claim: claim.into(),
    }
}

/// Good claims, but with this text as the value of a date.
fn judge_date(claim: &str, value: &str) -> Result<(), VerifyError> {
    let mut members: Vec<String> = access_claims()
        .iter()
        .filter(|(name, _)| *name != claim)
        .map(|(name, value)| format!(r#""{name}":{value}"#))
        .collect();
    members.push(format!(r#""{claim}":{value}"#));
    judge_claims(&format!("{{{}}}", members.join(","))).map(|_| ())
}
