//! Type confusion (RFC 8725 §3.12): every kind of token at every endpoint.

use countersign::Preset;
use countersign::policy::{TokenClass, VerifyPolicy};
use countersign_token::{Algorithm, ClaimsSet, HeaderForm, SigningKey};

use crate::site::{
    BLACKLIST, ME, NOW, OBTAIN, PASSWORD, REFRESH, Reply, SECRET, SLIDING, SLIDING_REFRESH, Site,
    VERIFY, claims_of, credentials,
};

/// Where a token comes from.
#[derive(Clone, Copy)]
enum Token {
    /// From a sign-in.
    Own(&'static str),
    /// The same, and its session has ended.
    Ended(&'static str),
    /// With the id of one of ours, and the type of another.
    Resigned(&'static str, &'static str),
    /// From somebody else with the same key; empty for no type at all.
    Foreign(&'static str),
    /// The same, and blacklisted.
    Listed(&'static str),
}

const TOKENS: &[Token] = &[
    Token::Own("access"),
    Token::Own("refresh"),
    Token::Own("sliding"),
    Token::Ended("access"),
    Token::Ended("refresh"),
    Token::Ended("sliding"),
    Token::Resigned("access", "refresh"),
    Token::Resigned("access", "sliding"),
    Token::Resigned("refresh", "access"),
    Token::Resigned("refresh", "sliding"),
    Token::Resigned("sliding", "access"),
    Token::Resigned("sliding", "refresh"),
    Token::Foreign("access"),
    Token::Foreign("refresh"),
    Token::Foreign("sliding"),
    Token::Foreign("websocket"),
    Token::Foreign("download"),
    Token::Foreign(""),
    Token::Listed("refresh"),
    Token::Listed("sliding"),
];

impl Token {
    fn name(self) -> String {
        match self {
            Self::Own(kind) => kind.to_owned(),
            Self::Ended(kind) => format!("{kind}, ended"),
            Self::Resigned(kind, said) => format!("{kind}, says {said}"),
            Self::Foreign("") => "foreign without type".to_owned(),
            Self::Foreign(kind) => format!("foreign {kind}"),
            Self::Listed(kind) => format!("foreign {kind}, listed"),
        }
    }

    /// A fresh one: what happens to it at one endpoint says nothing at the next.
    async fn make(self, site: &Site, serial: usize) -> String {
        match self {
            Self::Own(kind) => own(site, kind).await.0,
            Self::Ended(kind) => {
                let (token, renews) = own(site, kind).await;
                blacklist(site, &resigned(&renews, "refresh")).await;
                token
            }
            Self::Resigned(kind, said) => resigned(&own(site, kind).await.0, said),
            Self::Foreign(kind) => foreign(kind, serial),
            Self::Listed(kind) => {
                blacklist(site, &foreign("refresh", serial)).await;
                foreign(kind, serial)
            }
        }
    }
}

/// A token of a kind from a sign-in, and the token that its session hangs on.
async fn own(site: &Site, kind: &str) -> (String, String) {
    let path = if kind == "sliding" { SLIDING } else { OBTAIN };
    let reply = site
        .anonymous()
        .post(path, &credentials("alice", PASSWORD))
        .await;
    let name = if kind == "sliding" { "token" } else { kind };
    let renews = if kind == "access" { "refresh" } else { name };
    (reply.token(name), reply.token(renews))
}

fn resigned(token: &str, kind: &str) -> String {
    let mut claims = claims_of(token);
    claims.insert("token_type", kind).unwrap();
    sign(&claims)
}

fn foreign(kind: &str, serial: usize) -> String {
    let mut claims = ClaimsSet::new();
    if !kind.is_empty() {
        claims.insert("token_type", kind).unwrap();
    }
    claims
        .insert("exp", NOW.timestamp().seconds() + 60)
        .unwrap();
    claims.insert("iat", NOW.timestamp().seconds()).unwrap();
    claims.insert("jti", format!("{serial:032}")).unwrap();
    claims.insert("user_id", "1").unwrap();
    claims
        .insert("refresh_exp", NOW.timestamp().seconds() + 600)
        .unwrap();
    sign(&claims)
}

fn sign(claims: &ClaimsSet) -> String {
    let key = SigningKey::from_secret(Algorithm::Hs256, SECRET).unwrap();
    key.encode(HeaderForm::Plain, claims).unwrap().into_string()
}

async fn blacklist(site: &Site, token: &str) {
    let reply = post(site, BLACKLIST, "refresh", token).await;
    assert_eq!(reply.text(), "{}");
}

async fn post(site: &Site, path: &str, field: &str, token: &str) -> Reply {
    let body = format!(r#"{{"{field}":"{token}"}}"#);
    site.anonymous().post(path, &body).await
}

async fn look(site: &Site, token: String) -> Reply {
    let mut holder = site.anonymous();
    holder.access = Some(token);
    holder.get(ME).await
}

/// A site whose resources accept these classes, and whose verify endpoint asks the ledger.
async fn site(preset: Preset, classes: &[TokenClass]) -> Site {
    Site::with(preset, |policy| {
        policy.tokens.resource_classes = classes.to_vec();
        policy.verify = VerifyPolicy::AsksLedger;
    })
    .await
}

/// Status, and what is said about the token.
fn told(reply: &Reply) -> String {
    let json = reply.json();
    let message = [
        &json["messages"][0]["message"],
        &json["non_field_errors"][0],
        &json["detail"],
    ]
    .into_iter()
    .find_map(|text| text.as_str())
    .unwrap_or("");
    let message = message.trim_start_matches("Token ");
    format!("{} {message}", reply.status.as_u16())
        .trim_end()
        .to_owned()
}

async fn matrix(preset: Preset, tokens: &[Token]) -> String {
    let mut sites = Vec::new();
    for class in TokenClass::ALL {
        sites.push(site(preset, &[class]).await);
    }
    let endpoints = [
        (REFRESH, "refresh"),
        (SLIDING_REFRESH, "token"),
        (VERIFY, "token"),
        (BLACKLIST, "refresh"),
    ];
    let mut lines = vec![line(
        "",
        [
            "me: access",
            "me: sliding",
            "me: refresh",
            "me: untyped",
            "refresh",
            "sliding refresh",
            "verify",
            "blacklist",
        ]
        .map(str::to_owned),
    )];
    for token in tokens {
        let mut cells = [const { String::new() }; 8];
        for (column, cell) in cells.iter_mut().enumerate() {
            let serial = lines.len() * 10 + column;
            *cell = told(&match endpoints.get(column.wrapping_sub(sites.len())) {
                None => look(&sites[column], token.make(&sites[column], serial).await).await,
                Some((path, field)) => {
                    let token = token.make(&sites[0], serial).await;
                    post(&sites[0], path, field, &token).await
                }
            });
        }
        lines.push(line(&token.name(), cells));
    }
    lines.join("\n")
}

fn line(name: &str, cells: [String; 8]) -> String {
    let cells = cells.map(|cell| format!("{cell:<20}")).concat();
    format!("{name:<24}{cells}").trim_end().to_owned()
}

#[tokio::test]
async fn every_kind_has_its_answer_at_every_endpoint() {
    insta::assert_snapshot!(matrix(Preset::SimpleJwt, TOKENS).await, @r"
                            me: access          me: sliding         me: refresh         me: untyped         refresh             sliding refresh     verify              blacklist
    access                  200                 401 has wrong type  401 has wrong type  200                 401 has wrong type  401 has wrong type  200                 401 has wrong type
    refresh                 401 has wrong type  401 has wrong type  200                 200                 200                 401 has wrong type  200                 200
    sliding                 401 has wrong type  200                 401 has wrong type  200                 401 has wrong type  200                 200                 401 has wrong type
    access, ended           200                 401 has wrong type  401 has wrong type  200                 401 has wrong type  401 has wrong type  200                 401 has wrong type
    refresh, ended          401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  400 is blacklisted  401 is blacklisted
    sliding, ended          401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  400 is blacklisted  401 is blacklisted
    access, says refresh    401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  400 is blacklisted  401 is blacklisted
    access, says sliding    401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  400 is blacklisted  401 is blacklisted
    refresh, says access    401 is blacklisted  401 has wrong type  401 has wrong type  401 is blacklisted  401 has wrong type  401 has wrong type  401 is blacklisted  401 has wrong type
    refresh, says sliding   401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  400 is blacklisted  401 is blacklisted
    sliding, says access    401 is blacklisted  401 has wrong type  401 has wrong type  401 is blacklisted  401 has wrong type  401 has wrong type  401 is blacklisted  401 has wrong type
    sliding, says refresh   401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  400 is blacklisted  200
    foreign access          200                 401 has wrong type  401 has wrong type  200                 401 has wrong type  401 has wrong type  200                 401 has wrong type
    foreign refresh         401 has wrong type  401 has wrong type  200                 200                 200                 401 has wrong type  200                 200
    foreign sliding         401 has wrong type  200                 401 has wrong type  200                 401 has wrong type  200                 200                 401 has wrong type
    foreign websocket       401 has wrong type  401 has wrong type  401 has wrong type  200                 401 has wrong type  401 has wrong type  200                 401 has wrong type
    foreign download        401 has wrong type  401 has wrong type  401 has wrong type  200                 401 has wrong type  401 has wrong type  200                 401 has wrong type
    foreign without type    401 has no type     401 has no type     401 has no type     200                 401 has no type     401 has no type     200                 401 has no type
    foreign refresh, listed 401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  400 is blacklisted  401 is blacklisted
    foreign sliding, listed 401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  400 is blacklisted  401 is blacklisted
    ");
}

/// Our own defaults take no foreign token, and an access token dies with its session.
#[tokio::test]
async fn every_kind_has_its_answer_under_our_own_defaults() {
    insta::assert_snapshot!(matrix(Preset::Modern, &TOKENS[..18]).await, @r"
                            me: access          me: sliding         me: refresh         me: untyped         refresh             sliding refresh     verify              blacklist
    access                  200                 401 has wrong type  401 has wrong type  200                 401 has wrong type  401 has wrong type  200                 401 has wrong type
    refresh                 401 has wrong type  401 has wrong type  200                 200                 200                 401 has wrong type  200                 200
    sliding                 401 has wrong type  200                 401 has wrong type  200                 401 has wrong type  200                 200                 401 has wrong type
    access, ended           401 is blacklisted  401 has wrong type  401 has wrong type  401 is blacklisted  401 has wrong type  401 has wrong type  401 is blacklisted  401 has wrong type
    refresh, ended          401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted
    sliding, ended          401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted
    access, says refresh    401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted
    access, says sliding    401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted
    refresh, says access    401 is blacklisted  401 has wrong type  401 has wrong type  401 is blacklisted  401 has wrong type  401 has wrong type  401 is blacklisted  401 has wrong type
    refresh, says sliding   401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted
    sliding, says access    401 is blacklisted  401 has wrong type  401 has wrong type  401 is blacklisted  401 has wrong type  401 has wrong type  401 is blacklisted  401 has wrong type
    sliding, says refresh   401 has wrong type  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  401 is blacklisted  200
    foreign access          401 is invalid      401 has wrong type  401 has wrong type  401 is invalid      401 is invalid      401 is invalid      401 is invalid      401 is invalid
    foreign refresh         401 has wrong type  401 is invalid      401 is invalid      401 is invalid      401 is invalid      401 is invalid      401 is invalid      401 is invalid
    foreign sliding         401 has wrong type  401 is invalid      401 is invalid      401 is invalid      401 is invalid      401 is invalid      401 is invalid      401 is invalid
    foreign websocket       401 has wrong type  401 has wrong type  401 has wrong type  401 is invalid      401 is invalid      401 is invalid      401 is invalid      401 is invalid
    foreign download        401 has wrong type  401 has wrong type  401 has wrong type  401 is invalid      401 is invalid      401 is invalid      401 is invalid      401 is invalid
    foreign without type    401 has no type     401 has no type     401 has no type     401 is invalid      401 is invalid      401 is invalid      401 is invalid      401 is invalid
    ");
}

#[tokio::test]
async fn each_class_has_a_message_of_its_own_in_their_order() {
    use TokenClass::{Access, Refresh, Sliding};
    let site = site(Preset::SimpleJwt, &[Sliding, Access, Refresh]).await;
    for (token, messages) in [
        (Token::Own("sliding"), None),
        (Token::Own("refresh"), None),
        (
            Token::Ended("refresh"),
            Some(["is blacklisted", "has wrong type", "is blacklisted"]),
        ),
        (
            Token::Listed("sliding"),
            Some(["is blacklisted", "has wrong type", "is blacklisted"]),
        ),
        (
            Token::Foreign("download"),
            Some(["has wrong type", "has wrong type", "has wrong type"]),
        ),
        (
            Token::Foreign(""),
            Some(["has no type", "has no type", "has no type"]),
        ),
    ] {
        let reply = look(&site, token.make(&site, 1).await).await;
        let expected = messages.map(|messages| {
            let classes = ["Sliding", "Access", "Refresh"].into_iter().zip(messages);
            let messages = classes.map(|(class, message)| {
                let kind = class.to_lowercase();
                format!(
                    r#"{{"token_class":"{class}Token","token_type":"{kind}","message":"Token {message}"}}"#
                )
            });
            let messages: Vec<_> = messages.collect();
            format!(
                r#"{{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{}]}}"#,
                messages.join(",")
            )
        });
        let name = token.name();
        match expected {
            None => assert_eq!(reply.status, 200, "{name}"),
            Some(body) => assert_eq!(
                (reply.status.as_u16(), reply.text()),
                (401, &*body),
                "{name}"
            ),
        }
    }
}
