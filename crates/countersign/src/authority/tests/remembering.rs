//! Accounts are remembered, and every change of one counts at once.

use countersign_token::Timestamp;

use super::*;
use crate::account::Privileges;
use crate::store::{AccountEdit, AccountTable as _, EditTarget, PrivilegeChange, SessionsOnChange};

/// A change, and what tells that it is seen.
type Change = (AccountEdit, fn(&Account) -> bool);

impl House {
    async fn identified(&self, access: &str) -> Option<Account> {
        match self.authority.identify(access).await.unwrap() {
            Identification::Known(identified) => Some(identified.account),
            Identification::Refused(_) => None,
        }
    }

    /// Changes alice as another process does: past this authority.
    async fn edit_elsewhere(&self, edit: AccountEdit) {
        let target = EditTarget::any(AccountId::new(1));
        self.store
            .edit_account(target, &[edit], SessionsOnChange::Keep, NOON, &[])
            .await
            .unwrap();
    }

    fn let_the_log_be_read(&self) {
        let interval = u64::try_from(POLL_INTERVAL.as_millis()).unwrap();
        self.clock.stand_still_for_millis(interval);
    }
}

#[tokio::test]
async fn whatever_another_process_changes_of_an_account_counts_within_one_poll_interval() {
    let house = House::modern().await;
    let access = house.login().await.access;
    let staff = |staff| PrivilegeChange {
        staff: Some(staff),
        superuser: None,
    };
    let edits: [Change; 6] = [
        (AccountEdit::Privileges(staff(true)), |account| {
            account.privileges.staff
        }),
        (AccountEdit::Privileges(staff(false)), |account| {
            account.privileges == Privileges::default()
        }),
        (AccountEdit::Role(7), |account| account.role == 7),
        (
            AccountEdit::Email {
                address: "new@example.org".to_owned(),
                verified: true,
            },
            |account| account.email == "new@example.org" && account.email_verified,
        ),
        (AccountEdit::PasswordNeedsReset(true), |account| {
            account.password_needs_reset
        }),
        (
            AccountEdit::Attributes(ClaimsSet::parse(r#"{"team":"red"}"#).unwrap()),
            |account| account.attributes.to_json() == r#"{"team":"red"}"#,
        ),
    ];
    for (edit, is_seen) in edits {
        house.identified(access.as_str()).await.unwrap();
        house.edit_elsewhere(edit.clone()).await;
        house.let_the_log_be_read();
        let seen = house.identified(access.as_str()).await.unwrap();
        assert!(is_seen(&seen), "{edit:?}");
    }
}

/// An entry that no token can match may be purged before an idle process has read it.
#[tokio::test]
async fn a_change_whose_entry_was_purged_unread_counts_all_the_same() {
    let house = House::modern().await;
    let access = house.login().await.access;
    house.identified(access.as_str()).await.unwrap();
    house.edit_elsewhere(AccountEdit::Role(7)).await;
    house.store.revoke_everything(NOON, None).await.unwrap();
    let far = Timestamp::from_seconds(NOON.timestamp().seconds() + 1_000_000_000);
    let purged = house.store.purge_log(far, 100).await.unwrap();
    assert_eq!(purged.removed, 1);
    house.let_the_log_be_read();
    let later = house.login().await.access;
    assert_eq!(house.identified(later.as_str()).await.unwrap().role, 7);
}
