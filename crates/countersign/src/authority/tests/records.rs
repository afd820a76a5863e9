//! The lists of tokens.

use super::*;
use crate::policy::Blacklist;

/// The first page of everybody's tokens.
const ALL: TokenQuery<'static> = TokenQuery {
    user: None,
    token_id: None,
    after: None,
    limit: 100,
};

impl House {
    async fn outstanding(&self, query: &TokenQuery<'_>) -> TokenPage {
        page(self.authority.outstanding_tokens(query).await.unwrap())
    }

    async fn blacklisted(&self, query: &TokenQuery<'_>) -> TokenPage {
        page(self.authority.blacklisted_tokens(query).await.unwrap())
    }
}

fn page(listing: TokenListing) -> TokenPage {
    match listing {
        TokenListing::Page(page) => page,
        TokenListing::UnknownPlace => panic!("the place is one"),
    }
}

fn ids(page: &TokenPage) -> Vec<&str> {
    page.tokens
        .iter()
        .map(|token| token.token_id.as_str())
        .collect()
}

#[tokio::test]
async fn a_rotated_token_is_listed_as_it_was_and_blacklisted() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let first = house.login().await.refresh;
    house.clock.advance_millis(5_250);
    let second = house.refresh(first.as_str()).await.refresh.unwrap();
    let (first, second) = (claims(&first), claims(&second));

    let listed = house.outstanding(&ALL).await;
    let told = |claims: &ClaimsSet, at: UnixMillis, blacklisted_at| ListedToken {
        token_id: claims.token_id().unwrap(),
        user: Some(ListedUser {
            id: AccountId::new(1),
            username: "alice".to_owned(),
        }),
        created_at: at,
        expires_at: claims.expiration().unwrap(),
        blacklisted_at,
    };
    let rotated_at = NOON.plus(Duration::from_millis(5_250));
    assert_eq!(
        listed.tokens,
        [
            told(&second, rotated_at, None),
            told(&first, NOON, Some(rotated_at))
        ]
    );
    assert_eq!(listed.next, None);
    let label = format!("Token for alice ({})", first.token_id().unwrap());
    let blacklisted = house.blacklisted(&ALL).await.tokens;
    assert_eq!(
        blacklisted
            .iter()
            .map(ListedToken::label)
            .collect::<Vec<_>>(),
        [label]
    );
}

#[tokio::test]
async fn rotated_tokens_are_forgotten_where_there_is_no_history() {
    let mut policy = Policy::preset(Preset::SimpleJwt);
    policy.rotation.mode = RotationMode::Rotate;
    policy.blacklist = Blacklist::Enabled { history: false };
    let house = House::build(policy).await;
    let first = house.login().await.refresh;
    let second = house.refresh(first.as_str()).await.refresh.unwrap();
    assert_eq!(ids(&house.outstanding(&ALL).await), [token_id(&second)]);
}

#[tokio::test]
async fn every_kind_of_token_is_listed_under_its_own_id() {
    let house = House::simplejwt(RotationMode::Off).await;
    let (pair, sliding) = (house.login().await, house.login_sliding().await);
    let foreign = house.forge("refresh", FOREIGN_ID, "1");
    house.refresh(&foreign).await;
    assert_eq!(
        ids(&house.outstanding(&ALL).await),
        [&token_id(&sliding), &token_id(&pair.refresh), FOREIGN_ID],
        "no access token, and the foreign one once"
    );
    assert_eq!(house.blacklisted(&ALL).await, TokenPage::EMPTY);
}

#[tokio::test]
async fn a_foreign_token_that_was_never_seen_can_be_blacklisted_and_is_listed() {
    let house = House::simplejwt(RotationMode::Off).await;
    let foreign = house.forge("refresh", FOREIGN_ID, "1");
    let blacklisted = house.authority.blacklist(&foreign, &BROWSER).await;
    assert_eq!(blacklisted.unwrap(), Blacklisted::Done);
    let listed = house.blacklisted(&ALL).await;
    assert_eq!(ids(&listed), [FOREIGN_ID]);
    assert_eq!(listed.tokens[0].blacklisted_at, Some(NOON));
    assert_eq!(
        listed.tokens[0].label(),
        format!("Token for alice ({FOREIGN_ID})")
    );
    assert_eq!(house.refusal(&foreign).await, Refusal::Blacklisted.into());
}

#[tokio::test]
async fn what_an_operator_revokes_by_its_id_is_blacklisted() {
    let house = House::modern().await;
    let (kept, revoked) = (house.login().await, house.login().await);
    let id = token_id(&revoked.refresh);
    house.authority.revoke_id(&id).await.unwrap();
    assert_eq!(ids(&house.blacklisted(&ALL).await), [id.as_str()]);
    assert_eq!(
        ids(&house.outstanding(&ALL).await),
        [id, token_id(&kept.refresh)]
    );
}

#[tokio::test]
async fn tokens_of_a_deleted_account_are_shown_without_it() {
    let house = House::simplejwt(RotationMode::Off).await;
    let id = token_id(&house.login().await.refresh);
    let account = house
        .authority
        .find_account("alice")
        .await
        .unwrap()
        .unwrap();
    house.authority.delete_account(account.id).await.unwrap();
    let by_id = TokenQuery {
        user: Some("1"),
        ..ALL
    };
    for query in [ALL, by_id] {
        let listed = house.outstanding(&query).await.tokens;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].user, None);
        assert_eq!(listed[0].label(), format!("Token for None ({id})"));
    }
}

#[tokio::test]
async fn tokens_are_searched_by_name_id_and_jti() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let password = || Some(PlainPassword::new(PASSWORD.to_owned()));
    for name in ["bob", "99", "1"] {
        house
            .authority
            .create_account(name.into(), password(), AccountRequest::default())
            .await
            .unwrap();
    }
    let mut id_of = std::collections::BTreeMap::new();
    for name in ["alice", "bob", "99", "1"] {
        let SignIn::Opened(pair) = house.try_login(name, PASSWORD).await else {
            panic!("{name} may sign in");
        };
        id_of.insert(name, token_id(&pair.refresh));
    }
    for (user, expected) in [
        ("alice", Some("alice")),
        ("2", Some("bob")),
        ("99", Some("99")),
        ("1", Some("alice")),
        ("Alice", None),
        ("01", None),
        ("+2", None),
        ("", None),
        ("a\0", None),
        ("77", None),
    ] {
        let query = TokenQuery {
            user: Some(user),
            ..ALL
        };
        let expected: Vec<_> = expected
            .map(|name| id_of[name].as_str())
            .into_iter()
            .collect();
        assert_eq!(ids(&house.outstanding(&query).await), expected, "{user:?}");
        for (name, id) in &id_of {
            let query = TokenQuery {
                token_id: Some(id),
                ..query
            };
            let both = expected.contains(&id.as_str()).then_some(id.as_str());
            let both: Vec<_> = both.into_iter().collect();
            assert_eq!(
                ids(&house.outstanding(&query).await),
                both,
                "{user:?}, {name}"
            );
            assert_eq!(house.blacklisted(&query).await, TokenPage::EMPTY);
        }
    }
}

#[tokio::test]
async fn an_id_that_only_opens_to_a_token_finds_nothing() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let first = house.login().await;
    let second = house.refresh(first.refresh.as_str()).await.refresh.unwrap();
    house.login_sliding().await;
    let search = async |id: &str| {
        let query = TokenQuery {
            token_id: Some(id),
            ..ALL
        };
        house.outstanding(&query).await.tokens.len()
    };
    for listed in [token_id(&first.refresh), token_id(&second)] {
        assert_eq!(search(&listed).await, 1);
    }
    let session = house
        .store
        .find_session(number(1))
        .await
        .unwrap()
        .unwrap()
        .session;
    let at = |generation, salt| GenerationAddress {
        session: number(1),
        generation: Generation::new(generation).unwrap(),
        salt,
    };
    let (salt, other) = (
        session.sid.salt(),
        Salt::from_low_bits(session.sid.salt().get() ^ 1),
    );
    for address in [
        TokenAddress::Refresh(at(1, other)),
        TokenAddress::Refresh(at(2, salt)),
        TokenAddress::Sliding(at(1, salt)),
        TokenAddress::Refresh(GenerationAddress {
            session: number(2),
            ..at(0, salt)
        }),
    ] {
        assert_eq!(search(&house.seal(address)).await, 0, "{address:?}");
    }
    for id in [
        token_id(&first.access),
        FOREIGN_ID.to_owned(),
        String::new(),
    ] {
        assert_eq!(search(&id).await, 0, "{id}");
    }
}

#[tokio::test]
async fn pages_lead_from_one_to_the_next_and_end() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    for index in 0..4 {
        let pair = house.login().await;
        house.refresh(pair.refresh.as_str()).await;
        let foreign = house.forge("refresh", &format!("minted elsewhere {index}"), "1");
        house.authority.blacklist(&foreign, &BROWSER).await.unwrap();
    }
    let whole = house.outstanding(&ALL).await;
    assert_eq!(whole.tokens.len(), 12);
    for limit in [0, 1, 3, 4, 5, 11, 12] {
        let mut tokens = Vec::new();
        let mut next = None;
        loop {
            let query = TokenQuery {
                after: next.as_deref(),
                limit,
                ..ALL
            };
            let page = house.outstanding(&query).await;
            assert!(page.tokens.len() <= usize::try_from(limit.max(1)).unwrap());
            assert!(!page.tokens.is_empty(), "an empty page at the end");
            tokens.extend(page.tokens);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(tokens, whole.tokens, "{limit} at a time");
    }
}

#[tokio::test]
async fn a_page_has_five_hundred_tokens_at_most() {
    let house = House::simplejwt(RotationMode::Off).await;
    for _ in 0..501 {
        house
            .authority
            .open_session(AccountId::new(1), &BROWSER)
            .await
            .unwrap();
    }
    let query = TokenQuery {
        limit: u32::MAX,
        ..ALL
    };
    let page = house.outstanding(&query).await;
    assert_eq!(page.tokens.len(), 500);
    assert!(page.next.is_some());
}

#[tokio::test]
async fn what_is_no_place_is_refused_and_tells_no_session_number() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    for _ in 0..3 {
        house.login().await;
    }
    let query = TokenQuery { limit: 1, ..ALL };
    let (first, second) = (
        house.outstanding(&query).await.next.unwrap(),
        house
            .outstanding(&TokenQuery {
                after: house.outstanding(&query).await.next.as_deref(),
                ..query
            })
            .await
            .next
            .unwrap(),
    );
    let differing = first.bytes().zip(second.bytes()).filter(|(a, b)| a != b);
    assert!(differing.count() > 20, "{first} and {second} look related");
    let changed = format!("{}A", first.strip_suffix(|_| true).unwrap());
    for cursor in [
        "",
        "c",
        "=",
        "\u{e9}",
        "Yw",
        &first[1..],
        &changed,
        FOREIGN_ID,
    ] {
        let query = TokenQuery {
            after: Some(cursor),
            ..ALL
        };
        let listing = house.authority.outstanding_tokens(&query).await.unwrap();
        assert_eq!(listing, TokenListing::UnknownPlace, "{cursor:?}");
    }
}

#[tokio::test]
async fn the_history_goes_with_its_tokens_and_its_count_is_told() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let mut refresh = house.login().await.refresh;
    for _ in 0..3 {
        house.clock.advance_millis(1_000);
        refresh = house.refresh(refresh.as_str()).await.refresh.unwrap();
    }
    // The first two have expired longer ago than any leeway.
    house
        .clock
        .set(NOON.plus(Duration::from_secs(86_400 + 300 + 2)));
    let preview = house
        .authority
        .preview_purge(PurgeHorizon::Unbounded)
        .await
        .unwrap();
    assert_eq!(house.outstanding(&ALL).await.tokens.len(), 4);
    let report = house
        .authority
        .purge_expired(PurgeHorizon::Unbounded)
        .await
        .unwrap();
    assert_eq!(preview, report);
    assert_eq!(
        (report.rotated_out, report.sessions, report.total()),
        (2, 0, 2)
    );
    assert_eq!(house.outstanding(&ALL).await.tokens.len(), 2);
}
