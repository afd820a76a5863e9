//! Reading without verifying: nothing is proven, and the form is judged all the same.

use countersign_token::{
    ClaimsSet, ExpiryError, HeaderFault, JsonFault, Malformation, Segment, Timestamp, UnixMillis,
    dangerous::{read_key_id_without_verifying, read_without_verifying},
};
use std::time::Duration;

use crate::support::{
    HEADER, NOW_SECONDS, access_claims, access_token, base64url, claims_with, forge, hs256,
};

#[test]
fn any_signature_and_any_time_will_do() {
    let token = access_token(&hs256());
    assert_eq!(read_without_verifying(&token).unwrap(), access_claims());
    let (signed, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{signed}.AAAA");
    assert_eq!(read_without_verifying(&forged).unwrap(), access_claims());
    let unknown = forge(br#"{"alg":"ES256K"}"#, br#"{"exp":1}"#);
    let claims = read_without_verifying(&unknown).unwrap();
    assert_eq!(claims.expiration(), Some(Timestamp::from_seconds(1)));
}

#[test]
fn the_form_is_judged_as_ever() {
    let good = claims_with("");
    let read = |header: &str, claims: &str| {
        read_without_verifying(&forge(header.as_bytes(), claims.as_bytes())).unwrap_err()
    };
    let extension = read(r#"{"alg":"HS256","crit":["x"]}"#, &good);
    assert_eq!(extension, Malformation::Header(HeaderFault::Extension));
    let typ = read(r#"{"alg":"HS256","typ":"JOSE"}"#, &good);
    assert_eq!(typ, Malformation::Header(HeaderFault::Type));
    let Malformation::Json { segment, source } = read(HEADER, r#"{"a":1,"\u0061":2}"#) else {
        panic!("duplicate names are no claims set");
    };
    let expected = (Segment::Claims, JsonFault::DuplicateName);
    assert_eq!((segment, source.fault()), expected);

    let token = access_token(&hs256());
    let header = base64url(HEADER.as_bytes());
    for text in [
        "",
        "..",
        &format!("{token}."),
        &format!("{token}="),
        &format!(" {token}"),
        &format!("{header}..AAAA"),
        &format!("{header}.{}.AAAA", base64url(b"[]")),
        &format!("{header}.{}.AAAA", base64url(&[0xFF])),
        &"A".repeat(70_000),
    ] {
        assert!(read_without_verifying(text).is_err(), "{text:.40}");
    }
}

#[test]
fn the_key_that_a_token_claims_is_read_and_nothing_behind_it() {
    let read = |header: &str| {
        read_key_id_without_verifying(&forge(header.as_bytes(), b"no claims at all"))
    };
    assert_eq!(read(r#"{"alg":"none"}"#), Ok(None));
    assert_eq!(
        read(r#"{"alg":"ES256K","kid":"../1"}"#),
        Ok(Some("../1".to_owned()))
    );
    for header in [
        "{}{}",
        r#"{"kid":1}"#,
        r#"{"kid":"1","kid":"2"}"#,
        r#"{"crit":["kid"]}"#,
    ] {
        assert!(read(header).is_err(), "{header}");
    }
    assert!(read_key_id_without_verifying("no token").is_err());
}

#[test]
fn claims_that_were_only_read_can_still_be_asked_for_dates() {
    let claims = ClaimsSet::parse(r#"{"refresh_exp":1893456010,"odd":"soon"}"#).unwrap();
    let now = UnixMillis::from_seconds(NOW_SECONDS);
    let judge = |claim, now| claims.check_expiry(claim, now, Duration::ZERO);
    let end = Timestamp::from_seconds(NOW_SECONDS + 10);
    assert_eq!(claims.date("refresh_exp"), Some(end));
    assert_eq!(judge("refresh_exp", now), Ok(end));
    assert_eq!(judge("refresh_exp", end.into()), Err(ExpiryError::Passed));
    assert_eq!(judge("odd", now), Err(ExpiryError::NotADate));
    assert_eq!(judge("exp", now), Err(ExpiryError::Absent));
}
