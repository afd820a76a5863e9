//! What can be asked of a token that was verified.

use countersign_token::{
    Access, ClaimsError, Refresh, Timestamp, UserClaim, Verified, VerifyError,
};

use crate::support::{
    HEADER, NOW, NOW_SECONDS, access_token, claims_with, forge, hs256, judge_claims, verifier,
};

#[test]
fn the_facts_of_a_token_are_at_hand() {
    let token = judge_claims(&claims_with("")).unwrap();
    assert_eq!(token.token_id(), "0123456789abcdef0123456789abcdef");
    assert_eq!(token.user(), Some(UserClaim::Text("1")));
    assert_eq!(token.subject(), Some("1"));
    assert_eq!(
        token.expires_at(),
        Timestamp::from_seconds(NOW_SECONDS + 300)
    );
    assert_eq!(
        token.issued_at(),
        Some(Timestamp::from_seconds(NOW_SECONDS))
    );
    assert_eq!(token.token_type(), Some("access"));
    assert_eq!(token.session(), None);
    assert_eq!(token.key_id(), hs256().key_id());
}

#[test]
fn claims_come_back_as_they_were_signed() {
    let text = claims_with(r#","roles":["a","b"],"score":1.50,"note":null,"\u00fcber":{"a" : 1}"#);
    let token = judge_claims(&text).unwrap();
    assert_eq!(token.claims().unwrap().to_json(), text);
    assert_eq!(
        token.claim::<Vec<String>>("roles").unwrap().unwrap(),
        ["a", "b"]
    );
    assert_eq!(token.claim::<Option<u8>>("note").unwrap().unwrap(), None);
    assert!(token.claim::<u8>("über").unwrap().is_err());
    assert!(token.claim::<u8>("absent").is_none());
    let error = token.claim::<u8>("roles").unwrap().unwrap_err();
    assert!(matches!(error, ClaimsError::Value { claim, .. } if &*claim == "roles"));
}

#[test]
fn sessions_are_read_where_the_verifier_was_told_to_look() {
    let verdict = |session: &str| {
        let claims = claims_with(&format!(r#","sid":{session}"#));
        let verifier = verifier(&hs256()).session_claim(Some("sid"));
        let token = verifier.authenticate(&forge(HEADER.as_bytes(), claims.as_bytes()), NOW);
        token.map(|token| token.session().map(str::to_owned))
    };
    assert_eq!(verdict(r#""s-1""#), Ok(Some("s-1".to_owned())));
    for session in ["7", "null", r#"["s-1"]"#] {
        let refused = VerifyError::ClaimNotAcceptable {
            claim: "sid".into(),
        };
        assert_eq!(
            verdict(session),
            Err(refused),
            "{session}: an ended session would go unnoticed"
        );
    }
}

#[test]
fn one_claim_may_be_user_and_subject_at_once() {
    let claims = claims_with(r#","sub":"7""#);
    let verifier = verifier(&hs256()).user_claim("sub").token_id_claim("sub");
    let token = verifier
        .authenticate(&forge(HEADER.as_bytes(), claims.as_bytes()), NOW)
        .unwrap();
    assert_eq!((token.subject(), token.token_id()), (Some("7"), "7"));
}

#[test]
fn a_kind_is_proven_once() {
    fn subject(token: &Verified<Access>) -> Option<&str> {
        token.subject()
    }
    let token = judge_claims(&claims_with("")).unwrap();
    assert_eq!(token.has_kind::<Refresh>(), Err(VerifyError::WrongType));
    let verified = token.into_kind::<Access>().unwrap();
    assert_eq!(subject(&verified.clone()), Some("1"));
    assert_eq!(verified.into_inner().token_type(), Some("access"));
}

#[test]
fn debug_shows_neither_token_nor_claims() {
    let token = access_token(&hs256());
    let verified = verifier(&hs256()).verify::<Access>(&token, NOW).unwrap();
    let shown = format!("{verified:?}");
    for segment in token.split('.') {
        assert!(!shown.contains(segment));
    }
    assert!(!shown.contains("user_id"), "{shown}");
    assert!(
        shown.contains("0123456789abcdef0123456789abcdef"),
        "{shown}"
    );
}
