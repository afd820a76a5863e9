//! Error texts in the language that a client asks for. The original's answers in several languages are in `golden`.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use countersign::Preset;
use countersign::language::Language;

use crate::site::{
    Actor, ME, OBTAIN, PASSWORD, REFRESH, Reply, SLIDING, Site, VERIFY, credentials, without_texts,
};

/// Sends a request that asks for a language.
async fn ask(actor: &Actor<'_>, mut request: Request<Body>, language: &str) -> Reply {
    request
        .headers_mut()
        .insert(header::ACCEPT_LANGUAGE, language.parse().unwrap());
    actor.send(request).await
}

fn posting(actor: &Actor<'_>, target: &str, body: &str) -> Request<Body> {
    let mut request = actor.request(Method::POST, target);
    let json = "application/json".parse().unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    *request.body_mut() = Body::from(body.to_owned());
    request
}

async fn post_in(site: &Site, language: &str, target: &str, body: &str) -> Reply {
    let actor = site.anonymous();
    ask(&actor, posting(&actor, target, body), language).await
}

/// A request for a protected endpoint with a token that is none.
fn with_bad_token(actor: &Actor<'_>) -> Request<Body> {
    let mut request = actor.request(Method::GET, ME);
    let token = "Bearer abc".parse().unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, token);
    request
}

#[tokio::test]
async fn every_language_is_served() {
    let site = Site::simplejwt().await;
    let mut served = String::new();
    for language in Language::ALL {
        let reply = post_in(&site, language.tag(), REFRESH, r#"{"refresh":"x"}"#).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(reply.header("vary"), Some("Accept, Accept-Language"));
        let json = reply.json();
        let (name, text) = (reply.header("content-language"), json["detail"].as_str());
        writeln!(served, "{}: {}", name.unwrap(), text.unwrap()).unwrap();
    }
    insta::assert_snapshot!(served, @r#"
    en: Token is invalid
    ar: الرمز غير صالح
    cs: Token není platný
    de: Das Token ist ungültig
    el: Το διακριτικό δεν είναι έγκυρο
    es: El token no es válido
    es-ar: El token no es válido
    es-cl: El token no es válido
    fa: توکن نامعتبر است
    fa-ir: توکن نامعتبر است
    fr: Le jeton n'est pas valide
    he: האסימון אינו תקין
    id: Token tidak valid
    it: Il token non è valido
    ja: トークンが無効です
    kk: Токен жарамсыз
    ko: 토큰이 유효하지 않습니다
    nl: Het token is ongeldig
    pl: Token jest nieprawidłowy
    pt: O token não é válido
    pt-br: O token é inválido
    ro: Tokenul nu este valid
    ru: Токен недействителен
    sl: Žeton ni veljaven
    sv: Token är ogiltig
    tr: Belirteç geçersiz
    uk: Токен недійсний
    zh-hans: 令牌无效
    "#);
}

#[tokio::test]
async fn a_language_changes_the_texts_and_nothing_else() {
    // One wrong password in every language.
    let site = Site::with(Preset::SimpleJwt, |policy| policy.throttle.enabled = false).await;
    let actor = site.anonymous();
    let requests: [fn(&Actor<'_>) -> Request<Body>; 10] = [
        |a| posting(a, OBTAIN, &credentials("alice", "no")),
        |a| posting(a, OBTAIN, r#"{"username":null,"password":["x"]}"#),
        |a| posting(a, OBTAIN, r#"{"username":" ","password":"\ud800\u0000"}"#),
        |a| posting(a, SLIDING, "[]"),
        |a| posting(a, VERIFY, r#"{"token":"x"}"#),
        |a| posting(a, REFRESH, "null"),
        |a| a.request(Method::DELETE, REFRESH),
        |a| a.request(Method::GET, "/api/me/?format=xml"),
        |a| a.request(Method::GET, ME),
        with_bad_token,
    ];
    for request in requests {
        let english = actor.send(request(&actor)).await;
        for language in Language::ALL {
            let reply = ask(&actor, request(&actor), language.tag()).await;
            assert_eq!(reply.status, english.status);
            assert_eq!(
                without_texts(reply.json()),
                without_texts(english.json()),
                "{language:?}"
            );
            let is_english = reply.body == english.body;
            assert_eq!(is_english, language == Language::English, "{language:?}");
            for name in ["www-authenticate", "allow", "content-type"] {
                assert_eq!(reply.header(name), english.header(name), "{language:?}");
            }
        }
    }
}

#[tokio::test]
async fn codes_classes_and_types_are_the_same_in_german() {
    let site = Site::simplejwt().await;
    let actor = site.anonymous();
    let reply = ask(&actor, with_bad_token(&actor), "de-AT,en;q=0.5").await;
    insta::assert_snapshot!(reply.shown(), @r#"
    401 Unauthorized
    allow: GET, HEAD, OPTIONS
    cache-control: no-store
    content-language: de
    content-length: <…>
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-type: application/json
    vary: Accept, Accept-Language
    www-authenticate: Bearer realm="api"
    x-content-type-options: nosniff
    x-request-id: <…>

    {"detail":"Das übergebene Token ist für keine Token-Art gültig","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"Das Token ist ungültig"}]}
    "#);
}

#[tokio::test]
async fn whoever_asks_for_nothing_reads_english_and_no_word_of_languages() {
    for site in [Site::simplejwt().await, Site::modern().await] {
        let reply = site.anonymous().get(ME).await;
        assert_eq!(reply.header("vary"), Some("Accept"));
        assert_eq!(reply.header("content-language"), None);
        assert_eq!(
            reply.text(),
            r#"{"detail":"Authentication credentials were not provided."}"#
        );
    }
}

#[tokio::test]
async fn whoever_asks_for_what_there_is_not_reads_english() {
    let site = Site::modern().await;
    for unknown in ["xx", "*", "tlh-Latn", "de_DE", "de;q=0", ""] {
        let reply = post_in(&site, unknown, OBTAIN, "{}").await;
        assert_eq!(reply.header("content-language"), Some("en"), "{unknown}");
        assert_eq!(reply.json()["username"][0], "This field is required.");
    }
}

#[tokio::test]
async fn only_the_languages_of_the_settings_are_on_offer() {
    let offer = |languages: &'static [Language]| {
        Site::with(Preset::SimpleJwt, |policy| {
            policy.wire.languages = languages.to_vec();
        })
    };
    let site = offer(&[Language::French, Language::English]).await;
    for (asked, expected) in [("de,fr;q=0.1", "fr"), ("de", "en"), ("en,fr;q=0.9", "en")] {
        let reply = post_in(&site, asked, OBTAIN, "{}").await;
        assert_eq!(reply.header("content-language"), Some(expected), "{asked}");
    }
    let reply = post_in(&offer(&[]).await, "fr", OBTAIN, "{}").await;
    assert_eq!(reply.header("content-language"), None);
    assert_eq!(reply.header("vary"), Some("Accept"));
    assert_eq!(reply.json()["password"][0], "This field is required.");
}

#[tokio::test]
async fn a_success_names_the_language_too_and_is_the_same() {
    let site = Site::simplejwt().await;
    let reply = post_in(&site, "uk", OBTAIN, &credentials("alice", PASSWORD)).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.header("content-language"), Some("uk"));
    assert!(reply.token("access").starts_with("eyJ"));
}

#[tokio::test]
async fn what_concerns_programmers_stays_english() {
    let site = Site::simplejwt().await;
    let reply = post_in(&site, "de", OBTAIN, "{").await;
    let json = reply.json();
    let text = json["detail"].as_str().unwrap();
    assert!(text.starts_with("JSON parse error - Expecting"), "{text}");
    for target in ["/nowhere/", "/healthz", "/.well-known/jwks.json"] {
        let actor = site.anonymous();
        let reply = ask(&actor, actor.request(Method::POST, target), "de").await;
        let english = actor.method("POST", target).await;
        assert_eq!(reply.body, english.body, "{target}");
        assert_eq!(reply.header("content-language"), None, "{target}");
    }
}

#[tokio::test]
async fn indented_texts_keep_their_letters() {
    let site = Site::simplejwt().await;
    let actor = site.anonymous();
    let mut request = actor.request(Method::GET, ME);
    let indented = "application/json; indent=2".parse().unwrap();
    request.headers_mut().insert(header::ACCEPT, indented);
    let reply = ask(&actor, request, "ja").await;
    insta::assert_snapshot!(reply.text(), @r#"
    {
      "detail": "認証情報が送信されていません。"
    }
    "#);
}
