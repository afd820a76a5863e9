//! What a page costs.

use std::sync::Arc;
use std::time::Duration;

use countersign::authority::{
    AccountRequest, Client, Refresh, TokenListing, TokenPage, TokenQuery,
};
use countersign::clock::ManualClock;
use countersign::keys::{KeyRing, SigningKeySource};
use countersign::random::SystemRandom;
use countersign::rotation::RotationMode;
use countersign::secrets::MasterKey;
use countersign::store::ForeignTokens as _;
use countersign::store::NewForeignToken;
use countersign::{Authority, Policy, Preset};
use countersign_token::{Algorithm, SigningKey, UnixMillis};
use tempfile::TempDir;

use super::*;
use crate::sqlite::store::SqliteOptions;

const NOW: UnixMillis = UnixMillis::from_seconds(1_893_456_000);

/// The first page of everybody's tokens, as long as there can be one.
const ALL: TokenQuery<'static> = TokenQuery {
    user: None,
    token_id: None,
    after: None,
    limit: TokenQuery::MAX_LIMIT,
};

/// An authority over a store with tokens of every sort.
struct House {
    authority: Authority,
    store: SqliteStore,
    _folder: TempDir,
}

impl House {
    /// For each account one session that was rotated twice, and one foreign token that is blacklisted.
    async fn with_accounts(count: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("countersign.db");
        SqliteStore::migrate(&path).unwrap();
        let store = SqliteStore::open(&path, &SqliteOptions::default()).unwrap();
        let house = Self {
            authority: authority(&store).await,
            store,
            _folder: folder,
        };
        for index in 1..=count {
            house.move_in(&format!("user {index}")).await;
        }
        house
    }

    async fn move_in(&self, username: &str) {
        let client = Client::default();
        let account = self
            .authority
            .create_account(username.to_owned(), None, AccountRequest::default())
            .await
            .unwrap();
        let pair = self.authority.open_session(account.id, &client).await;
        let mut refresh = pair.unwrap().unwrap().refresh;
        for _ in 0..2 {
            let answer = self.authority.refresh(refresh.as_str(), &client).await;
            let Refresh::Issued(refreshed) = answer.unwrap() else {
                panic!("the token is good");
            };
            refresh = refreshed.refresh.unwrap();
        }
        let foreign = NewForeignToken {
            token_id: format!("minted elsewhere for {username}"),
            account: Some(account.id),
            expires_at: NOW.plus(Duration::from_hours(1)).timestamp(),
            issued_at: NOW.timestamp(),
        };
        let keys = [countersign::sealed_id::SealingKeyId::new(1)];
        self.store
            .blacklist_foreign_token(&foreign, &keys, NOW, None)
            .await
            .unwrap();
    }

    /// A page of the blacklisted or the outstanding tokens, and how many statements it took.
    async fn page(&self, list: TokenList, query: &TokenQuery<'_>) -> (TokenPage, u64) {
        let before = self.store.statements();
        let listing = match list {
            TokenList::Outstanding => self.authority.outstanding_tokens(query).await,
            TokenList::Blacklisted => self.authority.blacklisted_tokens(query).await,
        };
        let TokenListing::Page(page) = listing.unwrap() else {
            panic!("the place is one");
        };
        (page, self.store.statements() - before)
    }
}

async fn authority(store: &SqliteStore) -> Authority {
    let mut policy = Policy::preset(Preset::SimpleJwt);
    policy.rotation.mode = RotationMode::Rotate;
    let key = SigningKey::from_secret(Algorithm::Hs256, &[0x5a; 48]).unwrap();
    let source = SigningKeySource::Configured(key);
    let master = || MasterKey::from_bytes([7; 32]);
    KeyRing::found(store, &master(), &source, &SystemRandom, NOW)
        .await
        .unwrap();
    let keys = KeyRing::load(store, master(), source).await.unwrap();
    let shared = Arc::new(store.clone());
    let clock = Arc::new(ManualClock::at(NOW));
    Authority::new(policy, keys, shared.clone(), shared, clock).unwrap()
}

#[tokio::test]
async fn a_page_costs_the_same_statements_however_long_it_is_and_however_much_there_is() {
    let (small, large) = (
        House::with_accounts(3).await,
        House::with_accounts(120).await,
    );
    for (house, tokens) in [(&small, 12), (&large, 480)] {
        let (page, statements) = house.page(TokenList::Outstanding, &ALL).await;
        assert_eq!(
            (page.tokens.len(), statements),
            (tokens, 4),
            "all three parts"
        );
        let (page, statements) = house.page(TokenList::Blacklisted, &ALL).await;
        assert_eq!((page.tokens.len(), statements), (tokens / 4 * 3, 4));
    }
    for limit in [1, 2, 100] {
        let query = TokenQuery { limit, ..ALL };
        let (page, statements) = large.page(TokenList::Outstanding, &query).await;
        assert_eq!(page.tokens.len(), usize::try_from(limit).unwrap());
        assert_eq!(statements, 2, "the current tokens and their users' names");
    }
}

#[tokio::test]
async fn every_page_of_a_list_is_bounded_in_statements() {
    let house = House::with_accounts(20).await;
    for list in [TokenList::Outstanding, TokenList::Blacklisted] {
        for limit in [1, 7, 30] {
            let (mut next, mut pages) = (None, 0);
            loop {
                let query = TokenQuery {
                    after: next.as_deref(),
                    limit,
                    ..ALL
                };
                let (page, statements) = house.page(list, &query).await;
                assert!((1..=5).contains(&statements), "{statements} for {query:?}");
                pages += 1;
                next = page.next;
                if next.is_none() {
                    break;
                }
            }
            let tokens = if list == TokenList::Outstanding {
                80
            } else {
                60
            };
            assert_eq!(pages, u32::div_ceil(tokens, limit));
        }
    }
}

#[tokio::test]
async fn a_search_costs_the_same_statements_however_much_there_is() {
    let mut costs = Vec::new();
    for house in [
        House::with_accounts(3).await,
        House::with_accounts(60).await,
    ] {
        let mut cost = Vec::new();
        for (user, tokens) in [("user 2", 4), ("2", 4), ("nobody", 0), ("77", 0)] {
            let query = TokenQuery {
                user: Some(user),
                ..ALL
            };
            let (page, statements) = house.page(TokenList::Outstanding, &query).await;
            assert_eq!(page.tokens.len(), tokens, "{user}");
            cost.push(statements);
        }
        let query = TokenQuery {
            user: Some("1"),
            ..ALL
        };
        let (all, _) = house.page(TokenList::Outstanding, &query).await;
        for token in all.tokens {
            let query = TokenQuery {
                token_id: Some(&token.token_id),
                ..ALL
            };
            let (page, statements) = house.page(TokenList::Outstanding, &query).await;
            assert_eq!(page.tokens, [token]);
            cost.push(statements);
        }
        costs.push(cost);
    }
    assert_eq!(costs[0], costs[1]);
    // Before an id counts as foreign, the keys are read again.
    assert!(costs[0].iter().all(|&cost| cost <= 8), "{costs:?}");
}

/// A plan that sorts, or begins at the first row, would read the whole store for every page of it.
#[tokio::test]
async fn no_page_is_sorted_or_read_from_the_beginning() {
    let house = House::with_accounts(1).await;
    let anns = Some(AccountId::new(1));
    for list in [TokenList::Outstanding, TokenList::Blacklisted] {
        for (part, account) in [
            (&CURRENT, None),
            (&CURRENT, anns),
            (&ROTATED_OUT, None),
            (&FOREIGN, None),
            (&FOREIGN, anns),
        ] {
            let sql = part.page(&TokenFilter { list, account });
            let steps = house
                .store
                .read(|connection| plan(connection, &sql))
                .unwrap();
            let bad = |step: &String| step.contains("TEMP B-TREE") || step.starts_with("SCAN");
            assert!(!steps.iter().any(bad), "{sql}\n{steps:#?}");
        }
    }
}

/// One account's is: the chains of its sessions, and nothing else.
#[tokio::test]
async fn an_accounts_history_is_read_along_its_chains() {
    let house = House::with_accounts(1).await;
    let sql = ROTATED_OUT_OF_ACCOUNT.page(&TokenFilter {
        list: TokenList::Outstanding,
        account: Some(AccountId::new(1)),
    });
    let steps = house.store.read(|connection| plan(connection, &sql));
    for step in steps.unwrap() {
        let whole = ["SCAN session", "SCAN token_history"];
        assert!(!whole.iter().any(|whole| step.starts_with(whole)), "{step}");
    }
}

fn plan(connection: &Connection, sql: &str) -> Result<Vec<String>, Failure> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    for index in 1..=statement.parameter_count() {
        statement.raw_bind_parameter(index, 1)?;
    }
    let steps = statement.raw_query().mapped(|row| row.get("detail"));
    Ok(steps.collect::<rusqlite::Result<_>>()?)
}
