//! Clauses: accounts, and what becomes of their sessions when they change.

use std::slice;
use std::sync::Arc;

use countersign_token::{AccountState, ClaimsSet};

use super::fixture::{
    at, audited, create, edit, event, forked, is_live, log, log_scopes, new_account, open,
    root_state, row, second,
};
use crate::account::{Account, AccountId, AccountKey, Privileges, Residence, Standing};
use crate::audit::AuditKind;
use crate::password::{EncodedPassword, PasswordMark};
use crate::session::{EndCause, SessionState};
use crate::store::{
    AccountChange, AccountCreation, AccountEdit, EditTarget, LogScope, NewAccount, PrivilegeChange,
    Reach, SessionsOnChange, Store,
};
use crate::uuid::Uuid;

pub(super) async fn a_table_of_accounts_says_that_it_holds_them(store: Arc<dyn Store>) {
    assert_eq!(
        store.residence(),
        Residence::InStore,
        "or no guard is checked"
    );
}

pub(super) async fn ids_count_up_from_one(store: Arc<dyn Store>) {
    for (username, id) in [("alice", 1), ("bob", 2), ("carol", 3)] {
        assert_eq!(create(&*store, username).await.id, AccountId::new(id));
    }
}

pub(super) async fn deleted_account_ids_never_come_back(store: Arc<dyn Store>) {
    let deleted = create(&*store, "alice").await;
    edit(&*store, &deleted, AccountEdit::Deletion).await;
    assert_eq!(store.find_account(deleted.id).await.unwrap(), None);
    assert!(
        create(&*store, "alice").await.id > deleted.id,
        "a re-created name inherits nothing"
    );
}

pub(super) async fn a_created_account_is_found_by_login_and_number(store: Arc<dyn Store>) {
    let new = NewAccount {
        standing: Standing::Inactive,
        privileges: Privileges {
            staff: false,
            superuser: true,
        },
        role: 300,
        password_needs_reset: true,
        email_verified: true,
        attributes: ClaimsSet::parse(r#"{"team":"red","level":1e2}"#).unwrap(),
        ..new_account("alice")
    };
    let creation = store.create_account(&new, None).await.unwrap();
    let AccountCreation::Created(account) = creation else {
        panic!("{creation:?}");
    };
    let expected = Account {
        id: account.id,
        uuid: new.uuid,
        username: new.username,
        email: new.email,
        email_verified: true,
        password_mark: PasswordMark::of(&new.password),
        password: new.password,
        credential_version: account.credential_version,
        standing: Standing::Inactive,
        privileges: new.privileges,
        role: 300,
        password_needs_reset: true,
        created_at: at(0),
        last_login: None,
        revoked_before: None,
        attributes: new.attributes,
    };
    assert_eq!(*account, expected);
    assert_eq!(
        store
            .find_account_by(AccountKey::Username("alice"))
            .await
            .unwrap()
            .as_ref(),
        Some(&*account)
    );
    assert_eq!(
        store.find_account(account.id).await.unwrap(),
        Some(*account)
    );
}

pub(super) async fn a_username_is_taken_once(store: Arc<dyn Store>) {
    let first = create(&*store, "alice").await;
    let event = event(AuditKind::AccountCreated);
    let second = store
        .create_account(&new_account("alice"), Some(&event))
        .await
        .unwrap();
    assert_eq!(second, AccountCreation::UsernameTaken);
    assert_eq!(
        store
            .find_account_by(AccountKey::Username("alice"))
            .await
            .unwrap(),
        Some(first)
    );
    assert_eq!(audited(&*store).await, []);
}

pub(super) async fn usernames_are_compared_exactly(store: Arc<dyn Store>) {
    let names = [
        "alice",
        "Alice",
        "alice ",
        "al\u{ed}ce",
        "ali\u{301}ce",
        "al%ce",
        "a'); --",
    ];
    let mut ids = Vec::new();
    for name in names {
        ids.push(create(&*store, name).await.id);
    }
    for (name, id) in names.into_iter().zip(ids) {
        let found = store
            .find_account_by(AccountKey::Username(name))
            .await
            .unwrap();
        assert_eq!(found.map(|account| account.id), Some(id), "{name:?}");
    }
    assert_eq!(
        store
            .find_account_by(AccountKey::Username("ALICE"))
            .await
            .unwrap(),
        None
    );
}

pub(super) async fn an_account_is_found_by_uuid_and_address(store: Arc<dyn Store>) {
    let alice = create(&*store, "alice").await;
    create(&*store, "bob").await;
    for key in [
        AccountKey::Uuid(alice.uuid),
        AccountKey::Email("alice@example.org"),
    ] {
        let found = store.find_account_by(key).await.unwrap();
        assert_eq!(found.as_ref(), Some(&alice), "{key:?}");
    }
    for key in [
        AccountKey::Uuid(Uuid::from_bytes([9; 16])),
        AccountKey::Email("Alice@example.org"),
        AccountKey::Email("alice"),
        AccountKey::Username("alice@example.org"),
    ] {
        assert_eq!(store.find_account_by(key).await.unwrap(), None, "{key:?}");
    }
}

pub(super) async fn an_address_that_several_accounts_have_names_none(store: Arc<dyn Store>) {
    for (name, email) in [
        ("alice", "both@example.org"),
        ("bob", "both@example.org"),
        ("carol", ""),
    ] {
        let account = NewAccount {
            email: email.to_owned(),
            ..new_account(name)
        };
        store.create_account(&account, None).await.unwrap();
    }
    for address in ["both@example.org", ""] {
        let key = AccountKey::Email(address);
        assert_eq!(store.find_account_by(key).await.unwrap(), None, "{key:?}");
    }
}

pub(super) async fn accounts_are_listed_in_order_and_bounded(store: Arc<dyn Store>) {
    let mut created = Vec::new();
    for username in ["zoe", "alice", "bob", "carol"] {
        created.push(create(&*store, username).await);
    }
    edit(&*store, &created[1], AccountEdit::Deletion).await;
    let first = store.list_accounts(AccountId::new(0), 2).await.unwrap();
    assert_eq!(first, [created[0].clone(), created[2].clone()]);
    let rest = store.list_accounts(created[2].id, 2).await.unwrap();
    assert_eq!(rest, [created[3].clone()]);
}

pub(super) async fn a_new_password_moves_the_credential_version(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let password = EncodedPassword::from_stored("argon2$new".to_owned());
    edit(&*store, &account, AccountEdit::Password(password.clone())).await;
    let changed = store.find_account(account.id).await.unwrap().unwrap();
    assert!(
        changed.password == password,
        "the new password was not stored"
    );
    assert!(changed.credential_version > account.credential_version);
    assert_eq!(changed.password_mark, PasswordMark::of(&password));
}

pub(super) async fn names_are_read_together_and_only_of_those_that_exist(store: Arc<dyn Store>) {
    let (ann, ben) = (create(&*store, "ann").await, create(&*store, "ben").await);
    let gone = create(&*store, "carol").await;
    edit(&*store, &gone, AccountEdit::Deletion).await;
    let asked = [ben.id, gone.id, AccountId::new(-1), ann.id, ben.id];
    let mut named = store.usernames_of(&asked).await.unwrap();
    named.sort_by_key(|(id, _)| *id);
    named.dedup();
    assert_eq!(
        named,
        [(ann.id, "ann".to_owned()), (ben.id, "ben".to_owned())]
    );
    assert_eq!(store.usernames_of(&[]).await.unwrap(), []);
}

pub(super) async fn a_sample_of_passwords_is_bounded_and_spread_over_all(store: Arc<dyn Store>) {
    assert!(store.sample_passwords(4).await.unwrap().is_empty());
    for n in 0..20 {
        let scheme = if n < 10 { "early" } else { "late" };
        let account = NewAccount {
            password: EncodedPassword::from_stored(format!("{scheme}${n}")),
            ..new_account(&format!("user{n}"))
        };
        store.create_account(&account, None).await.unwrap();
    }
    let sample = store.sample_passwords(4).await.unwrap();
    let of = |scheme| {
        sample
            .iter()
            .filter(|one| one.algorithm() == scheme)
            .count()
    };
    assert_eq!((of("early"), of("late")), (2, 2), "{}", sample.len());
    assert_eq!(store.sample_passwords(100).await.unwrap().len(), 20);
}

pub(super) async fn a_rehash_keeps_the_credential_version(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let rehashed = EncodedPassword::from_stored("argon2$rehashed".to_owned());
    store
        .upgrade_password(account.id, &account.password, &rehashed)
        .await
        .unwrap();
    let expected = Account {
        password: rehashed,
        ..account
    };
    assert_eq!(
        store.find_account(expected.id).await.unwrap(),
        Some(expected)
    );
    assert_eq!(log(&*store).await, []);
}

pub(super) async fn a_rehash_of_an_outdated_form_changes_nothing(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let outdated = EncodedPassword::from_stored("pbkdf2_sha256$outdated".to_owned());
    let rehashed = EncodedPassword::from_stored("argon2$rehashed".to_owned());
    store
        .upgrade_password(account.id, &outdated, &rehashed)
        .await
        .unwrap();
    assert_eq!(store.find_account(account.id).await.unwrap(), Some(account));
}

pub(super) async fn a_sign_in_is_noted(store: Arc<dyn Store>) {
    let (alice, bob) = (create(&*store, "alice").await, create(&*store, "bob").await);
    store.record_login(alice.id, at(77)).await.unwrap();
    let expected = Account {
        last_login: Some(at(77)),
        ..alice
    };
    assert_eq!(
        store.find_account(expected.id).await.unwrap(),
        Some(expected)
    );
    assert_eq!(store.find_account(bob.id).await.unwrap(), Some(bob));
}

pub(super) async fn an_address_is_taken_by_one_account_or_several(store: Arc<dyn Store>) {
    let address = "shared@example.net";
    let set = |account: Account, address: &'static str| {
        let store = Arc::clone(&store);
        let address = AccountEdit::Email {
            address: address.to_owned(),
            verified: false,
        };
        async move { edit(&*store, &account, address).await }
    };
    let (alice, bob) = (create(&*store, "alice").await, create(&*store, "bob").await);
    assert!(!store.is_email_taken(address).await.unwrap());
    set(alice.clone(), address).await;
    assert!(store.is_email_taken(address).await.unwrap());
    set(bob, address).await;
    assert!(store.is_email_taken(address).await.unwrap());
    assert!(!store.is_email_taken("Shared@example.net").await.unwrap());
    set(alice, "").await;
    assert!(
        !store.is_email_taken("").await.unwrap(),
        "no address is no address"
    );
}

pub(super) async fn an_edit_can_refuse_earlier_foreign_tokens(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = open(&*store, &account).await;
    let refusing = |now| {
        let (store, target) = (Arc::clone(&store), EditTarget::any(account.id));
        let edits = [AccountEdit::RefuseForeignTokens];
        let keep = SessionsOnChange::Keep;
        async move { store.edit_account(target, &edits, keep, now, &[]).await }
    };
    for now in [40, 30] {
        let change = refusing(at(now)).await.unwrap();
        assert_eq!(change, AccountChange::Changed { ended_sessions: 0 });
        let found = store.find_account(account.id).await.unwrap().unwrap();
        assert_eq!(found.revoked_before, Some(second(40)), "never back");
    }
    assert!(is_live(&*store, &login).await);
    let states = logged_states(&*store, account.id).await;
    assert_eq!(states, [AccountState::RecordChanged; 2]);
    assert_eq!(log(&*store).await.len(), 2, "no session ended");
}

pub(super) async fn an_edit_changes_what_it_says_and_nothing_else(store: Arc<dyn Store>) {
    let (mut alice, bob) = (create(&*store, "alice").await, create(&*store, "bob").await);
    let privileges = Privileges {
        staff: false,
        superuser: true,
    };
    edit(&*store, &alice, AccountEdit::Privileges(privileges.into())).await;
    alice.privileges = privileges;
    assert_eq!(
        store.find_account(alice.id).await.unwrap().as_ref(),
        Some(&alice)
    );
    edit(&*store, &alice, AccountEdit::Role(300)).await;
    alice.role = 300;
    assert_eq!(
        store.find_account(alice.id).await.unwrap().as_ref(),
        Some(&alice)
    );
    let address = AccountEdit::Email {
        address: "alice@example.net".to_owned(),
        verified: true,
    };
    edit(&*store, &alice, address).await;
    "alice@example.net".clone_into(&mut alice.email);
    alice.email_verified = true;
    assert_eq!(
        store.find_account(alice.id).await.unwrap().as_ref(),
        Some(&alice)
    );
    edit(&*store, &alice, AccountEdit::PasswordNeedsReset(true)).await;
    alice.password_needs_reset = true;
    let attributes = ClaimsSet::parse(r#"{"team":"blue"}"#).unwrap();
    edit(&*store, &alice, AccountEdit::Attributes(attributes.clone())).await;
    alice.attributes = attributes;
    assert_eq!(
        store.find_account(alice.id).await.unwrap().as_ref(),
        Some(&alice)
    );
    let set = ClaimsSet::parse(r#"{"exp":7,"team":"red"}"#).unwrap();
    edit(&*store, &alice, AccountEdit::SetAttributes(set)).await;
    let set = ClaimsSet::parse(r#"{"jti":""}"#).unwrap();
    edit(&*store, &alice, AccountEdit::SetAttributes(set)).await;
    alice.attributes = ClaimsSet::parse(r#"{"team":"red","exp":7,"jti":""}"#).unwrap();
    assert_eq!(
        store.find_account(alice.id).await.unwrap().as_ref(),
        Some(&alice)
    );
    edit(&*store, &alice, AccountEdit::Standing(Standing::Inactive)).await;
    alice.standing = Standing::Inactive;
    assert_eq!(
        store.find_account(alice.id).await.unwrap().as_ref(),
        Some(&alice)
    );
    assert_eq!(store.find_account(bob.id).await.unwrap(), Some(bob));
}

pub(super) async fn a_flag_can_be_set_alone(store: Arc<dyn Store>) {
    let mut account = create(&*store, "alice").await;
    let steps = [
        (None, Some(true), (true, true)),
        (Some(false), None, (false, true)),
        (None, None, (false, true)),
        (Some(true), Some(false), (true, false)),
    ];
    for (staff, superuser, expected) in steps {
        let flags = PrivilegeChange { staff, superuser };
        edit(&*store, &account, AccountEdit::Privileges(flags)).await;
        (account.privileges.staff, account.privileges.superuser) = expected;
        let found = store.find_account(account.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&account), "{flags:?}");
    }
}

pub(super) async fn several_edits_are_one_change(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    open(&*store, &account).await;
    let edits = [
        AccountEdit::Role(7),
        AccountEdit::PasswordNeedsReset(true),
        AccountEdit::Standing(Standing::Inactive),
    ];
    let events = [AuditKind::AccountChanged, AuditKind::AccountDeactivated].map(event);
    let ending = SessionsOnChange::End(EndCause::AccountDeactivated);
    let change = store
        .edit_account(EditTarget::any(account.id), &edits, ending, at(40), &events)
        .await
        .unwrap();
    assert_eq!(change, AccountChange::Changed { ended_sessions: 1 });
    let expected = Account {
        role: 7,
        password_needs_reset: true,
        standing: Standing::Inactive,
        revoked_before: Some(second(40)),
        ..account
    };
    let found = store.find_account(expected.id).await.unwrap();
    assert_eq!(found, Some(expected));
    assert_eq!(audited(&*store).await, events.map(|event| event.kind));
    let states = edits.len();
    assert_eq!(
        log(&*store).await.len(),
        states + 1,
        "the sessions and the states"
    );
}

pub(super) async fn a_change_without_edits_ends_the_sessions(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = open(&*store, &account).await;
    let ending = SessionsOnChange::End(EndCause::EndedByOperator);
    let event = event(AuditKind::SessionsEnded);
    let change = store
        .edit_account(EditTarget::any(account.id), &[], ending, at(40), &[event])
        .await
        .unwrap();
    assert_eq!(change, AccountChange::Changed { ended_sessions: 1 });
    assert!(!is_live(&*store, &login).await);
    assert_eq!(log(&*store).await.len(), 1, "the sessions, and no state");
    assert_eq!(audited(&*store).await, [AuditKind::SessionsEnded]);
    let expected = Account {
        revoked_before: Some(second(40)),
        ..account
    };
    let found = store.find_account(expected.id).await.unwrap();
    assert_eq!(found, Some(expected));
}

pub(super) async fn a_privileged_account_is_out_of_reach(store: Arc<dyn Store>) {
    let flags = |staff, superuser| Privileges { staff, superuser };
    let rows = [
        ("staff", flags(true, false), 0),
        ("superuser", flags(false, true), 0),
        ("both", flags(true, true), 0),
        ("role", flags(false, false), 900),
    ];
    let event = event(AuditKind::AccountChanged);
    let ending = SessionsOnChange::End(EndCause::AccountDeleted);
    for (username, privileges, role) in rows {
        let account = NewAccount {
            privileges,
            role,
            ..new_account(username)
        };
        store.create_account(&account, None).await.unwrap();
        let key = AccountKey::Username(username);
        let account = store.find_account_by(key).await.unwrap().unwrap();
        let login = open(&*store, &account).await;
        let target = EditTarget {
            account: account.id,
            reach: Reach::Unprivileged,
        };
        for edits in [
            vec![AccountEdit::Deletion],
            // What would bring it within reach is an edit, too.
            vec![
                AccountEdit::Privileges(Privileges::default().into()),
                AccountEdit::Role(0),
            ],
            Vec::new(),
        ] {
            let change = store
                .edit_account(target, &edits, ending, at(40), slice::from_ref(&event))
                .await;
            assert_eq!(change.unwrap(), AccountChange::OutOfReach, "{username}");
        }
        let found = store.find_account(account.id).await.unwrap();
        assert_eq!(found, Some(account));
        assert!(is_live(&*store, &login).await);
    }
    assert_eq!(log(&*store).await, []);
    assert_eq!(audited(&*store).await, []);
}

pub(super) async fn an_unprivileged_account_is_within_reach(store: Arc<dyn Store>) {
    let account = NewAccount {
        privileges: Privileges::default(),
        role: 899,
        ..new_account("alice")
    };
    store.create_account(&account, None).await.unwrap();
    let key = AccountKey::Username("alice");
    let account = store.find_account_by(key).await.unwrap().unwrap();
    let target = EditTarget {
        account: account.id,
        reach: Reach::Unprivileged,
    };
    let edits = [AccountEdit::PasswordNeedsReset(true)];
    let change = store
        .edit_account(target, &edits, SessionsOnChange::Keep, at(40), &[])
        .await;
    let changed = AccountChange::Changed { ended_sessions: 0 };
    assert_eq!(change.unwrap(), changed);
    let found = store.find_account(account.id).await.unwrap().unwrap();
    assert!(found.password_needs_reset);
}

pub(super) async fn an_edit_that_keeps_the_sessions_ends_none(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = open(&*store, &account).await;
    let change = edit(&*store, &account, AccountEdit::Standing(Standing::Inactive)).await;
    assert_eq!(change, AccountChange::Changed { ended_sessions: 0 });
    assert!(is_live(&*store, &login).await);
    let account = store.find_account(account.id).await.unwrap().unwrap();
    assert_eq!(account.revoked_before, None);
}

pub(super) async fn password_change_ends_sessions_and_logs_upto_in_one_step(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = open(&*store, &account).await;
    let fork = forked(&*store, &login).await;
    let password = AccountEdit::Password(EncodedPassword::from_stored("argon2$new".to_owned()));
    let ending = SessionsOnChange::End(EndCause::PasswordChanged);
    let change = store
        .edit_account(
            EditTarget::any(account.id),
            &[password],
            ending,
            at(40),
            &[],
        )
        .await
        .unwrap();
    assert_eq!(change, AccountChange::Changed { ended_sessions: 1 });
    let state = SessionState::Ended {
        at: at(40),
        cause: EndCause::PasswordChanged,
    };
    assert_eq!(root_state(&*store, login.number).await, state);
    let entries = log(&*store).await;
    let covers = |scope: &LogScope| {
        matches!(scope, LogScope::AccountUpto { account: of, upto, except: None }
            if *of == account.id && *upto >= fork.number.get())
    };
    let upto = entries.iter().find(|entry| covers(&entry.scope));
    let Some(upto) = upto else {
        panic!("no entry up to the highest number: {entries:?}");
    };
    assert_eq!(
        (upto.cause, upto.at),
        (Some(EndCause::PasswordChanged), at(40))
    );
    assert_eq!(entries.len(), 2, "and the account's new state: {entries:?}");
}

pub(super) async fn a_change_that_ends_sessions_refuses_earlier_foreign_tokens(
    store: Arc<dyn Store>,
) {
    let account = create(&*store, "alice").await;
    let ending = SessionsOnChange::End(EndCause::AccountDeactivated);
    let edit = AccountEdit::Standing(Standing::Inactive);
    store
        .edit_account(EditTarget::any(account.id), &[edit], ending, at(40), &[])
        .await
        .unwrap();
    let account = store.find_account(account.id).await.unwrap().unwrap();
    assert_eq!(account.revoked_before, Some(second(40)));
}

pub(super) async fn a_new_password_is_logged_as_changed_credential(store: Arc<dyn Store>) {
    let password = EncodedPassword::from_stored("argon2$new".to_owned());
    let edit = AccountEdit::Password(password);
    assert_eq!(
        states_after(&*store, edit).await,
        [AccountState::CredentialChanged]
    );
}

pub(super) async fn deactivation_is_logged(store: Arc<dyn Store>) {
    let edit = AccountEdit::Standing(Standing::Inactive);
    assert_eq!(
        states_after(&*store, edit).await,
        [AccountState::Deactivated]
    );
}

pub(super) async fn activation_is_logged(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    edit(&*store, &account, AccountEdit::Standing(Standing::Inactive)).await;
    edit(&*store, &account, AccountEdit::Standing(Standing::Active)).await;
    let states = logged_states(&*store, account.id).await;
    assert_eq!(
        states,
        [AccountState::Deactivated, AccountState::Reactivated]
    );
}

pub(super) async fn deletion_is_logged(store: Arc<dyn Store>) {
    assert_eq!(
        states_after(&*store, AccountEdit::Deletion).await,
        [AccountState::Deleted]
    );
}

/// Verifiers hold records in memory: whatever changes one is in the log.
pub(super) async fn every_other_edit_is_logged_as_a_changed_record(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let edits = [
        AccountEdit::Privileges(Privileges::default().into()),
        AccountEdit::Role(1),
        AccountEdit::Email {
            address: "alice@example.com".to_owned(),
            verified: true,
        },
        AccountEdit::PasswordNeedsReset(true),
        AccountEdit::Attributes(ClaimsSet::new()),
        AccountEdit::SetAttributes(ClaimsSet::new()),
    ];
    let count = edits.len();
    for change in edits {
        edit(&*store, &account, change).await;
    }
    let states = logged_states(&*store, account.id).await;
    assert_eq!(states, vec![AccountState::RecordChanged; count]);
}

pub(super) async fn deletion_keeps_the_rows_of_its_sessions(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = open(&*store, &account).await;
    edit(&*store, &account, AccountEdit::Deletion).await;
    assert_eq!(row(&*store, login.number).await.account, Some(account.id));
}

pub(super) async fn deletion_ends_the_sessions_where_asked(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = open(&*store, &account).await;
    let ending = SessionsOnChange::End(EndCause::AccountDeleted);
    let deletion = AccountEdit::Deletion;
    let change = store
        .edit_account(
            EditTarget::any(account.id),
            &[deletion],
            ending,
            at(40),
            &[],
        )
        .await
        .unwrap();
    assert_eq!(change, AccountChange::Changed { ended_sessions: 1 });
    let state = SessionState::Ended {
        at: at(40),
        cause: EndCause::AccountDeleted,
    };
    assert_eq!(root_state(&*store, login.number).await, state);
}

pub(super) async fn editing_nobody_changes_nothing(store: Arc<dyn Store>) {
    let account = create(&*store, "alice").await;
    let login = open(&*store, &account).await;
    edit(&*store, &account, AccountEdit::Deletion).await;
    let logged = log(&*store).await;
    let event = event(AuditKind::AccountChanged);
    let ending = SessionsOnChange::End(EndCause::AccountDeactivated);
    for edit in [
        AccountEdit::Standing(Standing::Inactive),
        AccountEdit::Role(2),
        AccountEdit::Deletion,
    ] {
        let change = store
            .edit_account(
                EditTarget::any(account.id),
                slice::from_ref(&edit),
                ending,
                at(40),
                slice::from_ref(&event),
            )
            .await;
        assert_eq!(change.unwrap(), AccountChange::Unknown, "{edit:?}");
    }
    assert!(is_live(&*store, &login).await);
    assert_eq!(log(&*store).await, logged);
    assert_eq!(audited(&*store).await, []);
}

pub(super) async fn a_creations_event_names_the_new_account(store: Arc<dyn Store>) {
    let event = event(AuditKind::AccountCreated);
    let creation = store
        .create_account(&new_account("alice"), Some(&event))
        .await
        .unwrap();
    let AccountCreation::Created(account) = creation else {
        panic!("{creation:?}");
    };
    let recorded = store.recent_audit(10).await.unwrap();
    assert_eq!(recorded, [event.about(account.id)]);
}

async fn states_after(store: &dyn Store, change: AccountEdit) -> Vec<AccountState> {
    let account = create(store, "alice").await;
    edit(store, &account, change).await;
    logged_states(store, account.id).await
}

async fn logged_states(store: &dyn Store, of: AccountId) -> Vec<AccountState> {
    let state = |scope| match scope {
        LogScope::AccountState { account, state } if account == of => Some(state),
        _ => None,
    };
    log_scopes(store)
        .await
        .into_iter()
        .filter_map(state)
        .collect()
}
