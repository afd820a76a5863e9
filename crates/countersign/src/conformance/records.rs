//! Clauses: the tokens on record, and what a purge would remove of all there is.

use std::sync::Arc;

use countersign_token::Timestamp;

use super::fixture::{
    Batches, adoption, at, create, edit, end, foreign, forked, login, open, opened, owner, row,
    second, signed_in, step,
};
use crate::account::AccountId;
use crate::rotation::{RotatedOut, RotationStep};
use crate::sealed_id::TokenAddress;
use crate::session::{EndCause, FirstToken, Generation, SessionRecord};
use crate::store::{
    AccountEdit, Adopted, Adoption, NewSession, PurgePreview, RecordedToken, Rotation, SealedToken,
    Store, TokenFilter, TokenList, TokenName, TokenPlace, TokenRecord,
};

pub(super) async fn the_current_token_of_every_session_is_listed_newest_first(
    store: Arc<dyn Store>,
) {
    let account = create(&*store, "alice").await;
    let older = open(&*store, &account).await;
    let newer = open(&*store, &account).await;
    let fork = forked(&*store, &older).await;
    assert_eq!(
        outstanding(&*store).await,
        [current(&fork), current(&newer), current(&older)]
    );
}

pub(super) async fn a_rotated_token_is_recorded_as_it_was(store: Arc<dyn Store>) {
    let first = signed_in(&*store).await;
    let second = rotate(&*store, &first).await;
    let third = rotate(&*store, &second).await;
    let records = [
        current(&third),
        rotated_out(&second, &third),
        rotated_out(&first, &second),
    ];
    assert_eq!(outstanding(&*store).await, records);
    assert_eq!(blacklisted(&*store).await, records[1..]);
}

pub(super) async fn what_is_rotated_out_is_recorded_only_where_asked(store: Arc<dyn Store>) {
    let first = signed_in(&*store).await;
    let Rotation::Won(next) = store.rotate(&step(&first), None).await.unwrap() else {
        panic!("nobody else rotates");
    };
    assert_eq!(outstanding(&*store).await, [current(&next)]);
}

pub(super) async fn a_lost_rotation_records_nothing(store: Arc<dyn Store>) {
    let first = signed_in(&*store).await;
    let next = rotate(&*store, &first).await;
    let again = store.rotate(&recording(&first), None).await.unwrap();
    assert!(matches!(again, Rotation::Lost(_)), "{again:?}");
    end(&*store, next.number, EndCause::Logout).await;
    let ended = store.rotate(&recording(&next), None).await.unwrap();
    assert!(matches!(ended, Rotation::Lost(_)), "{ended:?}");
    assert_eq!(outstanding(&*store).await.len(), 2);
}

pub(super) async fn what_a_session_began_with_is_kept(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    for (first_token, expected) in [
        (FirstToken::Refresh, Some("refresh")),
        (FirstToken::Sliding, Some("sliding")),
        (FirstToken::Foreign, None),
        (FirstToken::GenericRefresh, Some("refresh")),
        (FirstToken::Single, None),
    ] {
        let new = NewSession {
            first_token,
            ..login(&account)
        };
        let session = opened(store.open_session(&new, None).await);
        assert_eq!(row(&*store, session.number).await.first_token, first_token);
        let name = TokenName::Ours(session.number, Generation::FIRST);
        let found = store.find_token(&name).await.unwrap();
        let kind = found.map(|record| match record.token {
            RecordedToken::Current(token) => match token.address() {
                TokenAddress::Sliding(_) => "sliding",
                _ => "refresh",
            },
            token => panic!("{token:?}"),
        });
        assert_eq!(kind, expected);
    }
}

pub(super) async fn a_fork_begins_with_a_refresh_token(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let new = NewSession {
        first_token: FirstToken::Foreign,
        ..login(&account)
    };
    let adopted = opened(store.open_session(&new, None).await);
    let fork = forked(&*store, &adopted).await;
    assert_eq!(outstanding(&*store).await, [current(&fork)]);
}

pub(super) async fn an_end_blacklists_the_tokens_of_the_root_and_its_forks(store: Arc<dyn Store>) {
    let root = signed_in(&*store).await;
    let fork = forked(&*store, &root).await;
    assert_eq!(blacklisted(&*store).await, []);
    end(&*store, fork.number, EndCause::Logout).await;
    assert_eq!(
        blacklisted(&*store).await,
        [since(current(&fork), 30), since(current(&root), 30)]
    );
}

pub(super) async fn a_token_blacklisted_by_itself_leaves_its_family_alone(store: Arc<dyn Store>) {
    let root = signed_in(&*store).await;
    let fork = forked(&*store, &root).await;
    blacklist(&*store, &fork).await;
    assert_eq!(blacklisted(&*store).await, [since(current(&fork), 15)]);
    end(&*store, root.number, EndCause::Logout).await;
    assert_eq!(
        blacklisted(&*store).await,
        [since(current(&fork), 15), since(current(&root), 30)],
        "the first reason counts"
    );
}

pub(super) async fn everything_that_was_revoked_is_blacklisted(store: Arc<dyn Store>) {
    let before = signed_in(&*store).await;
    store.revoke_everything(at(50), None).await.unwrap();
    store.revoke_everything(at(60), None).await.unwrap();
    let account = store.find_account(owner(&before)).await.unwrap().unwrap();
    open(&*store, &account).await;
    assert_eq!(blacklisted(&*store).await, [since(current(&before), 50)]);
}

pub(super) async fn a_foreign_token_is_listed_with_its_blacklisting(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let token = foreign("django", &account);
    store
        .blacklist_foreign_token(&token, &[], at(15), None)
        .await
        .unwrap();
    let record = TokenRecord {
        token: RecordedToken::Foreign("django".to_owned()),
        account: Some(account.id),
        created_at: at(15),
        expires_at: second(1000),
        blacklisted_at: Some(at(15)),
    };
    assert_eq!(outstanding(&*store).await, std::slice::from_ref(&record));
    assert_eq!(blacklisted(&*store).await, [record]);
}

pub(super) async fn a_foreign_token_that_its_first_use_spent_is_blacklisted(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let session = adopt(&*store, &adoption("django", &account)).await;
    let spent = since(foreign_record("django", &session), 0);
    assert_eq!(
        outstanding(&*store).await,
        [current(&session), spent.clone()]
    );
    assert_eq!(blacklisted(&*store).await, [spent]);
}

pub(super) async fn a_foreign_token_that_stays_good_is_listed_once(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let mut adoption = adoption("django", &account);
    adoption.session.generation = Generation::FIRST;
    let session = adopt(&*store, &adoption).await;
    let record = foreign_record("django", &session);
    assert_eq!(outstanding(&*store).await, std::slice::from_ref(&record));
    assert_eq!(blacklisted(&*store).await, []);
    end(&*store, session.number, EndCause::Logout).await;
    assert_eq!(blacklisted(&*store).await, [since(record, 30)]);
}

pub(super) async fn a_foreign_token_that_was_good_is_spent_once_its_session_moves_on(
    store: Arc<dyn Store>,
) {
    let account = create(&*store, "alice").await;
    let mut adoption = adoption("django", &account);
    adoption.session.generation = Generation::FIRST;
    let session = adopt(&*store, &adoption).await;
    let next = rotate(&*store, &session).await;
    let spent = since(foreign_record("django", &session), 20);
    assert_eq!(outstanding(&*store).await, [current(&next), spent]);
}

pub(super) async fn a_list_is_read_page_by_page(store: Arc<dyn Store>) {
    let (alice, bob) = full_house(&*store).await;
    for account in [None, Some(alice), Some(bob)] {
        for list in [TokenList::Outstanding, TokenList::Blacklisted] {
            let filter = TokenFilter { list, account };
            let whole = store.list_tokens(&filter, None, 1_000).await.unwrap();
            assert!(whole.len() >= 3, "{whole:?}");
            for limit in 1..=4 {
                assert_eq!(
                    pages(&*store, &filter, limit).await,
                    whole,
                    "{filter:?} by {limit}"
                );
            }
        }
    }
}

pub(super) async fn the_latest_rotation_is_listed_first(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let (older, newer) = (open(&*store, &account).await, open(&*store, &account).await);
    let second_of_newer = rotate(&*store, &newer).await;
    let second_of_older = rotate(&*store, &older).await;
    let third_of_newer = rotate(&*store, &second_of_newer).await;
    let expected = [
        rotated_out(&second_of_newer, &third_of_newer),
        rotated_out(&older, &second_of_older),
        rotated_out(&newer, &second_of_newer),
    ];
    assert_eq!(blacklisted(&*store).await, expected);
    let filter = TokenFilter {
        list: TokenList::Blacklisted,
        account: Some(account.id),
    };
    let listed = store.list_tokens(&filter, None, 100).await.unwrap();
    assert_eq!(listed, expected);
}

pub(super) async fn a_page_begins_behind_its_place_whatever_became_of_it(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let (oldest, older, newer) = (
        open(&*store, &account).await,
        open(&*store, &account).await,
        open(&*store, &account).await,
    );
    let place = TokenPlace::Current(newer.number);
    rotate(&*store, &newer).await;
    open(&*store, &account).await;
    let page = store.list_tokens(&EVERYBODYS, Some(&place), 2).await;
    assert_eq!(page.unwrap(), [current(&older), current(&oldest)]);
    store.purge_sessions(second(9000), 100).await.unwrap();
    let page = store.list_tokens(&EVERYBODYS, Some(&place), 2).await;
    assert_eq!(page.unwrap(), []);
}

pub(super) async fn nothing_is_left_behind_a_rotated_token_that_is_gone(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let first = open(&*store, &account).await;
    let second_token = rotate(&*store, &first).await;
    store.purge_rotated_out(second(9000), 100).await.unwrap();
    let third = rotate(&*store, &second_token).await;
    adopt(&*store, &adoption("django", &account)).await;
    let gone = TokenPlace::RotatedOut(first.number, first.generation);
    let page = store
        .list_tokens(&EVERYBODYS, Some(&gone), 9)
        .await
        .unwrap();
    assert_eq!(page.len(), 1, "{page:?}");
    assert_eq!(
        page[0].token.name(),
        TokenName::Foreign("django".to_owned())
    );
    let name = TokenName::Ours(first.number, first.generation);
    assert_eq!(store.find_token(&name).await.unwrap(), None);
    assert_eq!(
        blacklisted(&*store).await[0],
        rotated_out(&second_token, &third),
        "an id that is used again leads nobody astray"
    );
}

pub(super) async fn an_accounts_tokens_are_listed_and_no_others(store: Arc<dyn Store>) {
    let (alice, bob) = full_house(&*store).await;
    let all = outstanding(&*store).await;
    for account in [alice, bob] {
        let filter = TokenFilter {
            account: Some(account),
            ..EVERYBODYS
        };
        let mut theirs = all.clone();
        theirs.retain(|record| record.account == Some(account));
        assert!(theirs.len() < all.len());
        let listed = store.list_tokens(&filter, None, 1_000).await.unwrap();
        assert_eq!(listed, theirs);
    }
}

pub(super) async fn blacklisted_tokens_are_those_outstanding_ones_that_say_so(
    store: Arc<dyn Store>,
) {
    full_house(&*store).await;
    let mut expected = outstanding(&*store).await;
    expected.retain(|record| record.blacklisted_at.is_some());
    assert_eq!(blacklisted(&*store).await, expected);
}

pub(super) async fn tokens_of_a_deleted_account_stay(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let session = open(&*store, &account).await;
    edit(&*store, &account, AccountEdit::Deletion).await;
    assert_eq!(outstanding(&*store).await, [current(&session)]);
}

pub(super) async fn a_token_is_found_by_its_name(store: Arc<dyn Store>) {
    full_house(&*store).await;
    for record in outstanding(&*store).await {
        let name = record.token.name();
        assert_eq!(store.find_token(&name).await.unwrap(), Some(record));
    }
    let session = signed_in_again(&*store).await;
    for unknown in [
        TokenName::Ours(session.number, Generation::LAST),
        TokenName::Foreign("Django".to_owned()),
        TokenName::Foreign(String::new()),
    ] {
        assert_eq!(store.find_token(&unknown).await.unwrap(), None);
    }
}

pub(super) async fn purging_history_is_bounded_and_keeps_what_has_not_expired(
    store: Arc<dyn Store>,
) {
    let account = create(&*store, "alice").await;
    for _ in 0..3 {
        let mut session = open(&*store, &account).await;
        for expires_at in [1100, 1200, 1300, 1400] {
            session = rotate_until(&*store, &session, second(expires_at)).await;
        }
    }
    // Of each session's four the last two expire at 1200 and 1300.
    let mut batches = Batches::default();
    while batches.add(store.purge_rotated_out(second(1200), 2).await.unwrap(), 2) {}
    assert_eq!(batches.removed, 6);
    let kept: Vec<_> = blacklisted(&*store)
        .await
        .iter()
        .map(|record| record.expires_at)
        .collect();
    let (last, last_but_one) = (second(1300), second(1200));
    assert_eq!(kept, [last, last_but_one].repeat(3));
    let rest = store.purge_rotated_out(second(9000), 100).await.unwrap();
    assert_eq!(rest.removed, 6);
}

pub(super) async fn history_of_a_purged_session_is_not_listed(store: Arc<dyn Store>) {
    let session = signed_in(&*store).await;
    rotate(&*store, &session).await;
    store.purge_sessions(second(9000), 100).await.unwrap();
    assert_eq!(outstanding(&*store).await, []);
    let rest = store.purge_rotated_out(second(9000), 100).await.unwrap();
    assert_eq!(rest.removed, 1);
}

pub(super) async fn a_preview_counts_what_a_purge_removes(store: Arc<dyn Store>) {
    full_house(&*store).await;
    for wanted in [second(900), second(1015), second(9000)] {
        let PurgePreview {
            horizon,
            sessions,
            rotated_out,
            foreign_tokens,
            log_entries,
        } = store.preview_purge(wanted, None).await.unwrap();
        assert_eq!(horizon, wanted);
        let removed = [
            store.purge_sessions(horizon, 1_000).await,
            store.purge_rotated_out(horizon, 1_000).await,
            store.purge_foreign_tokens(horizon, 1_000).await,
            store.purge_log(horizon, 1_000).await,
        ];
        assert_eq!(
            removed.map(|purged| purged.unwrap().removed),
            [sessions, rotated_out, foreign_tokens, log_entries]
        );
    }
}

pub(super) async fn a_preview_goes_as_far_as_a_purge_would_and_moves_nothing(
    store: Arc<dyn Store>,
) {
    signed_in(&*store).await;
    for (wanted, at_most) in [(second(500), Some(100)), (second(900), Some(100))] {
        let previews = [
            store.preview_purge(wanted, at_most).await.unwrap(),
            store.preview_purge(wanted, at_most).await.unwrap(),
        ];
        let horizon = store.move_purge_horizon(wanted, at_most).await.unwrap();
        assert_eq!(previews.map(|preview| preview.horizon), [horizon; 2]);
    }
}

/// Everybody's tokens.
const EVERYBODYS: TokenFilter = TokenFilter {
    list: TokenList::Outstanding,
    account: None,
};

async fn outstanding(store: &dyn Store) -> Vec<TokenRecord> {
    store.list_tokens(&EVERYBODYS, None, 1_000).await.unwrap()
}

async fn blacklisted(store: &dyn Store) -> Vec<TokenRecord> {
    let filter = TokenFilter {
        list: TokenList::Blacklisted,
        account: None,
    };
    store.list_tokens(&filter, None, 1_000).await.unwrap()
}

async fn pages(store: &dyn Store, filter: &TokenFilter, limit: u32) -> Vec<TokenRecord> {
    let mut all: Vec<TokenRecord> = Vec::new();
    loop {
        let after = all.last().map(|record| record.token.place());
        let page = store
            .list_tokens(filter, after.as_ref(), limit)
            .await
            .unwrap();
        assert!(u32::try_from(page.len()).unwrap() <= limit, "{page:?}");
        assert!(all.len() < 1_000, "paging never comes to an end");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Two accounts with sessions, forks, rotations, foreign tokens and ends of every sort.
async fn full_house(store: &dyn Store) -> (AccountId, AccountId) {
    let accounts = [create(store, "ann").await, create(store, "ben").await];
    for account in &accounts {
        let mut session = open(store, account).await;
        for _ in 0..3 {
            session = rotate(store, &session).await;
        }
        let fork = forked(store, &session).await;
        blacklist(store, &fork).await;
        let ended = open(store, account).await;
        end(store, ended.number, EndCause::Logout).await;
        open(store, account).await;
        let name = |what: &str| format!("{what} of {}", account.username);
        adopt(store, &adoption(&name("adopted"), account)).await;
        store
            .blacklist_foreign_token(&foreign(&name("blacklisted"), account), &[], at(15), None)
            .await
            .unwrap();
    }
    (accounts[0].id, accounts[1].id)
}

async fn signed_in_again(store: &dyn Store) -> SessionRecord {
    let account = create(store, "carol").await;
    open(store, &account).await
}

async fn adopt(store: &dyn Store, adoption: &Adoption) -> SessionRecord {
    match store.adopt_foreign_token(adoption, None).await.unwrap() {
        Adopted::Opened(session) => session,
        refused => panic!("{refused:?}"),
    }
}

async fn blacklist(store: &dyn Store, session: &SessionRecord) {
    store
        .blacklist_session_token(session.number, "its token", at(15), None)
        .await
        .unwrap();
}

fn recording(session: &SessionRecord) -> RotationStep {
    RotationStep {
        rotated_out: RotatedOut::Recorded,
        ..step(session)
    }
}

async fn rotate(store: &dyn Store, session: &SessionRecord) -> SessionRecord {
    rotate_until(store, session, second(1020)).await
}

/// Rotates for a successor with that `exp`, and records what it takes the place of.
async fn rotate_until(
    store: &dyn Store,
    session: &SessionRecord,
    refresh_expires_at: Timestamp,
) -> SessionRecord {
    let step = RotationStep {
        refresh_expires_at,
        ..recording(session)
    };
    match store.rotate(&step, None).await.unwrap() {
        Rotation::Won(next) => next,
        lost @ Rotation::Lost(_) => panic!("{lost:?}"),
    }
}

fn sealed(session: &SessionRecord) -> SealedToken {
    SealedToken::of(
        session.number,
        session.sid,
        session.generation,
        session.first_token,
        session.sealing_key,
    )
    .unwrap()
}

fn current(session: &SessionRecord) -> TokenRecord {
    TokenRecord {
        token: RecordedToken::Current(sealed(session)),
        account: session.account,
        created_at: session.rotated_at,
        expires_at: session.refresh_expires_at,
        blacklisted_at: None,
    }
}

fn rotated_out(session: &SessionRecord, successor: &SessionRecord) -> TokenRecord {
    TokenRecord {
        token: RecordedToken::RotatedOut(sealed(session)),
        blacklisted_at: Some(successor.rotated_at),
        ..current(session)
    }
}

fn foreign_record(token_id: &str, session: &SessionRecord) -> TokenRecord {
    TokenRecord {
        token: RecordedToken::Foreign(token_id.to_owned()),
        account: session.account,
        created_at: session.created_at,
        expires_at: second(1000),
        blacklisted_at: None,
    }
}

fn since(record: TokenRecord, seconds: i64) -> TokenRecord {
    TokenRecord {
        blacklisted_at: Some(at(seconds)),
        ..record
    }
}
