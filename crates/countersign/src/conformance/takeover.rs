//! Clauses: accounts and tokens that come from another system, once and again.

use std::sync::Arc;

use countersign_token::{AccountState, ClaimsSet};

use super::fixture::{
    adoption, at, audited, create, edit, event, first_keys, fork_of, fresh_sid, is_live, log,
    log_scopes, new_account, open, root_state, row, second,
};
use crate::account::{Account, AccountId, AccountKey, Privileges, Standing};
use crate::audit::AuditKind;
use crate::password::{EncodedPassword, PasswordMark};
use crate::sealed_id::SealingKeyId;
use crate::session::{EndCause, SessionState};
use crate::store::{
    AccountEdit, AccountImport, Adopted, ForeignToken, ImportEffects, ImportRun, ImportedAccount,
    ImportedToken, LogScope, NewAccount, SessionsOnChange, Store, TokenImport, TokenImports,
};
use crate::uuid::Uuid;

pub(super) async fn an_imported_account_is_found_as_it_was_there(store: Arc<dyn Store>) {
    let imported = ImportedAccount {
        standing: Standing::Inactive,
        privileges: Privileges {
            staff: true,
            superuser: true,
        },
        last_login: Some(at(-70)),
        attributes: ClaimsSet::parse(r#"{"first_name":"Ann","level":1e2}"#).unwrap(),
        ..imported(41, "ann")
    };
    assert_eq!(import(&*store, &imported).await, AccountImport::Created);
    let found = store.find_account(imported.id).await.unwrap().unwrap();
    assert_eq!(found, imported.to_account());
    assert_eq!(found.password_mark, PasswordMark::of(&imported.password));
    let by_name = store.find_account_by(AccountKey::Username("ann")).await;
    assert_eq!(by_name.unwrap(), Some(found));
}

pub(super) async fn numbers_go_on_above_the_imported_ones(store: Arc<dyn Store>) {
    import(&*store, &imported(41, "ann")).await;
    import(&*store, &imported(7, "bob")).await;
    assert_eq!(create(&*store, "carol").await.id, AccountId::new(42));
}

pub(super) async fn numbers_of_the_other_system_are_not_drawn_here(store: Arc<dyn Store>) {
    for upto in [41, 7] {
        let left = store.leave_account_numbers(AccountId::new(upto)).await;
        assert_eq!(left.unwrap(), 0);
    }
    assert_eq!(create(&*store, "alice").await.id, AccountId::new(42));
    let outcome = import(&*store, &imported(40, "ann")).await;
    assert_eq!(outcome, AccountImport::Created, "it is one of theirs");
}

pub(super) async fn an_account_of_ours_takes_no_foreign_token_once_another_system_is_taken_over(
    store: Arc<dyn Store>,
) {
    let ours = create(&*store, "alice").await;
    import(&*store, &imported(2, "ann")).await;
    let above = create(&*store, "bob").await;
    let left = store.leave_account_numbers(AccountId::new(2)).await;
    assert_eq!(left.unwrap(), 2);
    // Its number may be drawn there as well, and its name taken.
    let later = create(&*store, "carol").await;
    for (id, refused) in [
        (ours.id, true),
        (AccountId::new(2), false),
        (above.id, true),
        (later.id, true),
    ] {
        let account = account(&*store, id.get()).await;
        let adoption = adoption(&format!("for {id}"), &account);
        let adopted = store.adopt_foreign_token(&adoption, None).await.unwrap();
        assert_eq!(adopted == Adopted::Revoked, refused, "{id}: {adopted:?}");
    }
}

pub(super) async fn a_name_that_was_given_up_inherits_no_foreign_token(store: Arc<dyn Store>) {
    let first = create(&*store, "alice").await;
    edit(&*store, &first, AccountEdit::Deletion).await;
    let again = NewAccount {
        created_at: at(100),
        ..new_account("alice")
    };
    let address = NewAccount {
        username: "carol".to_owned(),
        uuid: Uuid::from_bytes([3; 16]),
        ..again.clone()
    };
    store.create_account(&again, None).await.unwrap();
    store.create_account(&address, None).await.unwrap();
    let bob = create(&*store, "bob").await;
    for (name, refused) in [("alice", Some(second(100))), ("carol", Some(second(100)))] {
        let key = AccountKey::Username(name);
        let account = store.find_account_by(key).await.unwrap().unwrap();
        assert_eq!(account.revoked_before, refused, "{name}");
    }
    assert_eq!(bob.revoked_before, None, "nobody had its name");
}

pub(super) async fn an_address_that_was_given_up_inherits_no_foreign_token(store: Arc<dyn Store>) {
    let alice = create(&*store, "alice").await;
    let former = alice.email.clone();
    let change = |address: &str| AccountEdit::Email {
        address: address.to_owned(),
        verified: false,
    };
    // The same once more gives nothing up.
    edit(&*store, &alice, change(&former)).await;
    let shared = |name: &str, byte| NewAccount {
        email: former.clone(),
        uuid: Uuid::from_bytes([byte; 16]),
        created_at: at(100),
        ..new_account(name)
    };
    let bob = shared("bob", 2);
    store.create_account(&bob, None).await.unwrap();
    edit(&*store, &alice, change("alice@example.net")).await;
    let carol = shared("carol", 3);
    store.create_account(&carol, None).await.unwrap();
    let without = NewAccount {
        email: String::new(),
        ..shared("dora", 4)
    };
    edit(&*store, &alice, change("")).await;
    edit(&*store, &alice, change("alice@example.org")).await;
    store.create_account(&without, None).await.unwrap();
    for (name, refused) in [("bob", None), ("carol", Some(second(100))), ("dora", None)] {
        let key = AccountKey::Username(name);
        let account = store.find_account_by(key).await.unwrap().unwrap();
        assert_eq!(account.revoked_before, refused, "{name}");
    }
}

pub(super) async fn importing_accounts_twice_changes_nothing(store: Arc<dyn Store>) {
    let batch = [imported(1, "ann"), imported(2, "bob")];
    let event = event(AuditKind::AccountsImported);
    let import = || store.import_accounts(&batch, KEEP, REAL, at(10), Some(&event));
    assert_eq!(import().await.unwrap(), [AccountImport::Created; 2]);
    let before = store.list_accounts(AccountId::new(0), 10).await.unwrap();
    assert_eq!(import().await.unwrap(), [AccountImport::Unchanged; 2]);
    assert_eq!(
        store.list_accounts(AccountId::new(0), 10).await.unwrap(),
        before
    );
    assert_eq!(audited(&*store).await, [AuditKind::AccountsImported]);
    assert_eq!(log(&*store).await, []);
}

pub(super) async fn what_the_other_system_changed_is_taken(store: Arc<dyn Store>) {
    let first = imported(1, "ann");
    import(&*store, &first).await;
    let changed = ImportedAccount {
        username: "anne".to_owned(),
        email: "anne@example.org".to_owned(),
        password: EncodedPassword::from_stored("md5$new$one".to_owned()),
        privileges: Privileges::default(),
        attributes: ClaimsSet::parse(r#"{"team":"red"}"#).unwrap(),
        ..first
    };
    assert_eq!(import(&*store, &changed).await, AccountImport::Refreshed);
    let found = account(&*store, 1).await;
    let expected = Account {
        uuid: found.uuid,
        credential_version: 2,
        ..changed.to_account()
    };
    assert_eq!(found, expected);
    let scopes = log_scopes(&*store).await;
    let state = |state| LogScope::AccountState {
        account: changed.id,
        state,
    };
    assert_eq!(
        scopes.first(),
        Some(&state(AccountState::CredentialChanged))
    );
    let others = scopes.get(1..).unwrap();
    assert_eq!(
        others,
        vec![state(AccountState::RecordChanged); 4],
        "address, flags, attributes, name"
    );
    assert_eq!(import(&*store, &changed).await, AccountImport::Unchanged);
}

pub(super) async fn a_password_changed_here_is_never_overwritten(store: Arc<dyn Store>) {
    let first = imported(1, "ann");
    import(&*store, &first).await;
    let here = EncodedPassword::from_stored("argon2$here".to_owned());
    let known = account(&*store, 1).await;
    edit(&*store, &known, AccountEdit::Password(here.clone())).await;
    assert_eq!(import(&*store, &first).await, AccountImport::Unchanged);
    let changed = ImportedAccount {
        password: EncodedPassword::from_stored("md5$new$one".to_owned()),
        email: "anne@example.org".to_owned(),
        ..first
    };
    for _ in 0..2 {
        assert_eq!(import(&*store, &changed).await, AccountImport::ChangedHere);
    }
    let found = account(&*store, 1).await;
    assert_eq!((found.password, found.credential_version), (here, 2));
    assert_eq!(found.email, "anne@example.org", "nobody changed it here");
}

pub(super) async fn an_upgraded_hash_is_never_overwritten(store: Arc<dyn Store>) {
    let first = imported(1, "ann");
    import(&*store, &first).await;
    let better = EncodedPassword::from_stored("argon2$better".to_owned());
    store
        .upgrade_password(first.id, &first.password, &better)
        .await
        .unwrap();
    assert_eq!(import(&*store, &first).await, AccountImport::Unchanged);
    let found = account(&*store, 1).await;
    assert_eq!((found.password, found.credential_version), (better, 1));
    assert_eq!(found.password_mark, PasswordMark::of(&first.password));
}

pub(super) async fn a_deactivation_there_is_logged_and_ends_sessions_where_asked(
    store: Arc<dyn Store>,
) {
    let cause = EndCause::AccountDeactivated;
    for (id, end) in [(1, false), (2, true)] {
        let name = format!("user {id}");
        let first = imported(id, &name);
        import(&*store, &first).await;
        let session = open(&*store, &account(&*store, id).await).await;
        let gone = ImportedAccount {
            standing: Standing::Inactive,
            ..first
        };
        let effects = ImportEffects {
            on_deactivation: if end {
                SessionsOnChange::End(cause)
            } else {
                SessionsOnChange::Keep
            },
            ..KEEP
        };
        let outcomes = store
            .import_accounts(&[gone], effects, REAL, at(30), None)
            .await
            .unwrap();
        assert_eq!(outcomes, [AccountImport::Refreshed]);
        assert_eq!(is_live(&*store, &session).await, !end);
        let deactivated = LogScope::AccountState {
            account: AccountId::new(id),
            state: AccountState::Deactivated,
        };
        assert_eq!(log_scopes(&*store).await.pop(), Some(deactivated));
    }
}

pub(super) async fn the_later_sign_in_stays(store: Arc<dyn Store>) {
    let signed_in = |at| ImportedAccount {
        last_login: Some(at),
        ..imported(1, "ann")
    };
    import(&*store, &signed_in(at(-70))).await;
    store
        .record_login(AccountId::new(1), at(-50))
        .await
        .unwrap();
    for (there, outcome, kept) in [
        (-60, AccountImport::Unchanged, -50),
        (-40, AccountImport::Refreshed, -40),
    ] {
        assert_eq!(import(&*store, &signed_in(at(there))).await, outcome);
        assert_eq!(account(&*store, 1).await.last_login, Some(at(kept)));
    }
}

pub(super) async fn a_number_of_ours_is_refused_and_takes_no_foreign_token(store: Arc<dyn Store>) {
    let ours = create(&*store, "alice").await;
    let outcome = import(&*store, &imported(ours.id.get(), "ann")).await;
    assert_eq!(outcome, AccountImport::NumberTaken);
    let found = store.find_account(ours.id).await.unwrap().unwrap();
    assert_eq!(found.username, "alice");
    let adopted = store
        .adopt_foreign_token(&adoption("django", &found), None)
        .await
        .unwrap();
    assert_eq!(adopted, Adopted::Revoked, "it names somebody else");
}

pub(super) async fn a_deleted_account_is_not_brought_back(store: Arc<dyn Store>) {
    let first = imported(1, "ann");
    import(&*store, &first).await;
    let known = account(&*store, 1).await;
    edit(&*store, &known, AccountEdit::Deletion).await;
    let ours = create(&*store, "alice").await;
    edit(&*store, &ours, AccountEdit::Deletion).await;
    for id in [1, ours.id.get()] {
        let outcome = import(&*store, &imported(id, "ann")).await;
        assert_eq!(outcome, AccountImport::NumberRetired, "{id}");
        assert_eq!(store.find_account(AccountId::new(id)).await.unwrap(), None);
    }
}

pub(super) async fn a_taken_username_is_refused(store: Arc<dyn Store>) {
    create(&*store, "alice").await;
    let outcome = import(&*store, &imported(7, "alice")).await;
    assert_eq!(outcome, AccountImport::UsernameTaken);
    import(&*store, &imported(8, "bob")).await;
    let before = account(&*store, 8).await;
    let renamed = ImportedAccount {
        email: "other@example.org".to_owned(),
        ..imported(8, "alice")
    };
    assert_eq!(
        import(&*store, &renamed).await,
        AccountImport::UsernameTaken
    );
    assert_eq!(account(&*store, 8).await, before);
    assert_eq!(store.find_account(AccountId::new(7)).await.unwrap(), None);
}

pub(super) async fn a_taken_uuid_is_refused(store: Arc<dyn Store>) {
    let first = imported(1, "ann");
    import(&*store, &first).await;
    let second = ImportedAccount {
        uuid: first.uuid,
        ..imported(2, "bob")
    };
    assert_eq!(import(&*store, &second).await, AccountImport::UuidTaken);
    assert_eq!(store.find_account(second.id).await.unwrap(), None);
    assert_eq!(import(&*store, &first).await, AccountImport::Unchanged);
}

pub(super) async fn an_imported_token_is_recorded_and_can_be_adopted(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let token = token("django", &account);
    assert_eq!(
        import_token(&*store, &token, 10).await,
        TokenImport::Recorded
    );
    let found = store.find_foreign_token("django").await.unwrap();
    let expected = ForeignToken {
        token_id: token.token_id,
        account: token.account,
        created_at: token.created_at,
        expires_at: token.expires_at,
        blacklisted_at: None,
        session: None,
    };
    assert_eq!(found, Some(expected));
    let adoption = crate::store::Adoption {
        unrecorded: false,
        ..adoption("django", &account)
    };
    let adopted = store.adopt_foreign_token(&adoption, None).await.unwrap();
    assert!(matches!(adopted, Adopted::Opened(_)), "{adopted:?}");
}

pub(super) async fn an_imported_blacklisting_is_logged_and_refuses(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let live = token("later", &account);
    assert_eq!(
        import_token(&*store, &live, 10).await,
        TokenImport::Recorded
    );
    for id in ["at once", "later"] {
        let dead = blacklisted(id, &account);
        let outcome = import_token(&*store, &dead, 11).await;
        assert_eq!(outcome, TokenImport::Blacklisted, "{id}");
        let known = store.find_foreign_token(id).await.unwrap().unwrap();
        assert_eq!(known.blacklisted_at, Some(at(-20)), "{id}");
        let adopted = store
            .adopt_foreign_token(&adoption(id, &account), None)
            .await
            .unwrap();
        assert_eq!(adopted, Adopted::Known(known), "{id}");
    }
    let entries = log(&*store).await;
    let scopes: Vec<_> = entries.iter().map(|entry| entry.scope.clone()).collect();
    assert_eq!(
        scopes,
        ["at once", "later"].map(|id| LogScope::Token(id.to_owned()))
    );
    assert!(
        entries.iter().all(|entry| entry.forget_at >= second(1000)),
        "{entries:?}"
    );
}

pub(super) async fn an_imported_blacklisting_ends_the_session_that_the_token_opened(
    store: Arc<dyn Store>,
) {
    let account = create(&*store, "alice").await;
    let adopted = store
        .adopt_foreign_token(&adoption("django", &account), None)
        .await
        .unwrap();
    let Adopted::Opened(session) = adopted else {
        panic!("{adopted:?}");
    };
    let live = token("django", &account);
    assert_eq!(
        import_token(&*store, &live, 10).await,
        TokenImport::Unchanged
    );
    let dead = blacklisted("django", &account);
    assert_eq!(
        import_token(&*store, &dead, 11).await,
        TokenImport::SessionEnded
    );
    let cause = EndCause::Logout;
    assert_eq!(
        root_state(&*store, session.number).await,
        SessionState::Ended { at: at(11), cause }
    );
    assert_eq!(
        import_token(&*store, &dead, 12).await,
        TokenImport::Unchanged
    );
    assert_eq!(log(&*store).await.len(), 1);
}

pub(super) async fn importing_tokens_twice_changes_nothing(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let batch = [token("live", &account), blacklisted("dead", &account)];
    let event = event(AuditKind::TokensImported);
    let import = || store.import_foreign_tokens(&batch, &[], REAL, at(10), Some(&event));
    let expected = [TokenImport::Recorded, TokenImport::Blacklisted];
    assert_eq!(
        import().await.unwrap(),
        TokenImports::Done(expected.to_vec())
    );
    let before = store.list_foreign_tokens("", 10).await.unwrap();
    let unchanged = vec![TokenImport::Unchanged; 2];
    assert_eq!(import().await.unwrap(), TokenImports::Done(unchanged));
    assert_eq!(store.list_foreign_tokens("", 10).await.unwrap(), before);
    assert_eq!(log(&*store).await.len(), 1);
    assert_eq!(audited(&*store).await, [AuditKind::TokensImported]);
}

pub(super) async fn a_token_that_is_blacklisted_here_stays_so(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let dead = blacklisted("django", &account);
    import_token(&*store, &dead, 10).await;
    let live = token("django", &account);
    assert_eq!(
        import_token(&*store, &live, 11).await,
        TokenImport::Unchanged
    );
    let known = store.find_foreign_token("django").await.unwrap().unwrap();
    assert_eq!(known.blacklisted_at, dead.blacklisted_at);
}

pub(super) async fn other_sealing_keys_refuse_imported_tokens(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    store.found_keys(&first_keys(1)).await.unwrap();
    let batch = [token("django", &account)];
    let other = [SealingKeyId::new(2)];
    let refused = store
        .import_foreign_tokens(&batch, &other, REAL, at(10), None)
        .await;
    assert_eq!(refused.unwrap(), TokenImports::SealingKeysChanged);
    assert_eq!(store.find_foreign_token("django").await.unwrap(), None);
}

pub(super) async fn a_rehearsal_says_what_would_come_and_changes_nothing(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let (accounts, tokens) = ([imported(41, "ann")], [blacklisted("django", &account)]);
    let (imports, adds) = (
        event(AuditKind::AccountsImported),
        event(AuditKind::TokensImported),
    );
    for run in [ImportRun::Rehearsal, ImportRun::Rehearsal, REAL] {
        assert_eq!(store.find_foreign_token("django").await.unwrap(), None);
        assert_eq!(audited(&*store).await, []);
        let outcomes = store
            .import_accounts(&accounts, KEEP, run, at(10), Some(&imports))
            .await;
        assert_eq!(outcomes.unwrap(), [AccountImport::Created]);
        let done = store
            .import_foreign_tokens(&tokens, &[], run, at(10), Some(&adds))
            .await;
        let expected = TokenImports::Done(vec![TokenImport::Blacklisted]);
        assert_eq!(done.unwrap(), expected);
    }
    assert_eq!(log(&*store).await.len(), 1);
    assert_eq!(audited(&*store).await.len(), 2);
    assert_eq!(create(&*store, "bob").await.id, AccountId::new(42));
}

pub(super) async fn numbers_of_deleted_accounts_are_listed(store: Arc<dyn Store>) {
    for name in ["ann", "bob", "carol"] {
        let made = create(&*store, name).await;
        if name != "bob" {
            edit(&*store, &made, AccountEdit::Deletion).await;
        }
    }
    for (after, limit, expected) in [(0, 10, vec![1, 3]), (0, 1, vec![1]), (1, 10, vec![3])] {
        let listed = store.list_retired_accounts(AccountId::new(after), limit);
        let listed: Vec<_> = listed
            .await
            .unwrap()
            .into_iter()
            .map(|retired| retired.id.get())
            .collect();
        assert_eq!(listed, expected);
    }
}

pub(super) async fn foreign_tokens_are_listed_in_order_and_bounded(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    for id in ["b", "a", "\u{e9}", "B", "ab"] {
        import_token(&*store, &token(id, &account), 10).await;
    }
    let mut listed = Vec::new();
    let mut after = String::new();
    loop {
        let page = store.list_foreign_tokens(&after, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after.clone_from(&last.token_id);
        listed.extend(page.into_iter().map(|token| token.token_id));
    }
    assert_eq!(listed, ["B", "a", "ab", "b", "\u{e9}"]);
}

pub(super) async fn sessions_are_listed_in_order_with_their_roots(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let root = open(&*store, &account).await;
    store.fork_session(&fork_of(&root), None).await.unwrap();
    open(&*store, &account).await;
    super::fixture::end(&*store, root.number, EndCause::Logout).await;
    let first = store.list_sessions(0, 2).await.unwrap();
    let numbers: Vec<_> = first.iter().map(|it| it.session.number.get()).collect();
    assert_eq!(numbers, [1, 2]);
    assert!(first.iter().all(|lineage| lineage.root.is_ended()));
    assert_eq!(first[0].session, row(&*store, root.number).await);
    let rest = store.list_sessions(2, 10).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].root, SessionState::Live);
}

const REAL: ImportRun = ImportRun::Real;

/// Effects that spare the sessions.
const KEEP: ImportEffects = ImportEffects {
    on_password_change: SessionsOnChange::Keep,
    on_deactivation: SessionsOnChange::Keep,
};

fn imported(id: i64, username: &str) -> ImportedAccount {
    ImportedAccount {
        id: AccountId::new(id),
        uuid: Uuid::from_bytes(*fresh_sid().as_bytes()),
        username: username.to_owned(),
        email: format!("{username}@example.org"),
        password: EncodedPassword::from_stored(format!("md5$of${username}")),
        standing: Standing::Active,
        privileges: Privileges {
            staff: true,
            superuser: false,
        },
        created_at: at(-100),
        last_login: None,
        attributes: ClaimsSet::new(),
    }
}

async fn import(store: &dyn Store, account: &ImportedAccount) -> AccountImport {
    let outcomes = store
        .import_accounts(std::slice::from_ref(account), KEEP, REAL, at(10), None)
        .await
        .unwrap();
    assert_eq!(outcomes.len(), 1);
    outcomes[0]
}

async fn account(store: &dyn Store, id: i64) -> Account {
    let found = store.find_account(AccountId::new(id)).await.unwrap();
    found.unwrap()
}

pub(super) fn token(id: &str, account: &Account) -> ImportedToken {
    ImportedToken {
        token_id: id.to_owned(),
        account: Some(account.id),
        created_at: at(-100),
        expires_at: second(1000),
        blacklisted_at: None,
    }
}

pub(super) fn blacklisted(id: &str, account: &Account) -> ImportedToken {
    ImportedToken {
        blacklisted_at: Some(at(-20)),
        ..token(id, account)
    }
}

async fn import_token(store: &dyn Store, token: &ImportedToken, now: i64) -> TokenImport {
    let done = store
        .import_foreign_tokens(std::slice::from_ref(token), &[], REAL, at(now), None)
        .await
        .unwrap();
    match done {
        TokenImports::Done(outcomes) => outcomes[0],
        TokenImports::SealingKeysChanged => panic!("no key was changed"),
    }
}
