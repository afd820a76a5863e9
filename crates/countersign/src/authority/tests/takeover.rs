//! Accounts and tokens that another system kept, and the way back to it.

use super::*;
use crate::account::Privileges;
use crate::password::PasswordMark;
use crate::store::{AccountImport, ForeignTokens as _, ImportRun, TokenImport};
use crate::uuid::Uuid;

/// `pw1` under Django's `pbkdf2_sha256`, from the golden data in `tests/vectors`.
const DJANGO: &str =
    "pbkdf2_sha256$1000$Abcdefghij0123456789XY$3MqmR+YgqDTTc/XgI3KPZw4MW5ltsFgA1OJUatAiRoc=";

fn foreign(id: i64, username: &str) -> ForeignAccount {
    ForeignAccount {
        id,
        uuid: None,
        username: username.to_owned(),
        email: String::new(),
        password: EncodedPassword::from_stored(DJANGO.to_owned()),
        standing: Standing::Active,
        privileges: Privileges::default(),
        created_at: None,
        last_login: None,
        attributes: ClaimsSet::new(),
    }
}

fn recorded(token_id: &str, text: &str) -> RecordedToken {
    RecordedToken {
        token_id: token_id.to_owned(),
        account: Some(1),
        text: text.to_owned(),
        created_at: None,
        expires_at: NOON.plus(Duration::from_mins(10)).timestamp(),
        blacklisted_at: None,
    }
}

impl House {
    async fn import(&self, account: ForeignAccount) -> AccountTakeover {
        let outcomes = self
            .authority
            .import_accounts(vec![account], ImportRun::Real)
            .await;
        outcomes.unwrap().pop().unwrap()
    }

    async fn import_token(&self, token: RecordedToken) -> TokenTakeover {
        let outcomes = self
            .authority
            .import_tokens(vec![token], ImportRun::Real)
            .await;
        outcomes.unwrap().pop().unwrap()
    }

    async fn dead_tokens(&self) -> Vec<String> {
        let mut dead = Vec::new();
        let mut take = |token: &DeadToken| {
            dead.push(token.token_id.clone());
            Ok::<_, AuthorityError>(())
        };
        self.authority.tell_dead_tokens(&mut take).await.unwrap();
        dead
    }
}

#[tokio::test]
async fn an_imported_account_signs_in_with_its_password() {
    let house = House::modern().await;
    let outcome = house.import(foreign(41, "ann")).await;
    assert_eq!(outcome, AccountTakeover::Judged(AccountImport::Created));
    let signed_in = house.try_login("ann", "pw1").await;
    assert!(matches!(signed_in, SignIn::Opened(_)));
    let wrong = house.try_login("ann", "pw2").await;
    assert!(matches!(wrong, SignIn::Refused));
}

/// Django's own mark is taken anew from whatever is stored; ours stays, so that an upgraded hash logs nobody out.
#[tokio::test]
async fn a_mark_that_django_has_put_into_a_token_counts_until_the_password_changes() {
    let mut policy = Policy::preset(Preset::SimpleJwt);
    policy.tokens.check_password_mark = true;
    let house = House::build(policy).await;
    house.import(foreign(41, "ann")).await;
    let mark = PasswordMark::of(&EncodedPassword::from_stored(DJANGO.to_owned()));
    let marked = |token_id| {
        house.forge_with("refresh", token_id, "41", |claims| {
            claims.insert("hash_password", mark.as_str()).unwrap();
        })
    };
    house.refresh(&marked("before the upgrade")).await;
    let signed_in = house.try_login("ann", "pw1").await;
    assert!(matches!(signed_in, SignIn::Opened(_)));
    let stored = house.store.find_account(AccountId::new(41)).await.unwrap();
    assert_ne!(
        stored.unwrap().password.as_stored(),
        DJANGO,
        "it was upgraded"
    );
    house.refresh(&marked("after the upgrade")).await;

    let password = PlainPassword::new("another horse 10 battery".to_owned());
    let id = AccountId::new(41);
    house.authority.set_password(id, password).await.unwrap();
    let refusal = house.refusal(&marked("after the change")).await;
    assert_eq!(refusal, Refusal::PasswordChanged.into());
}

#[tokio::test]
async fn a_uuid_that_django_has_given_is_kept() {
    let house = House::modern().await;
    let uuid = Uuid::parse("6f0e9c1e-0000-4000-8000-00000000002a");
    let account = ForeignAccount {
        uuid,
        ..foreign(41, "ann")
    };
    house.import(account).await;
    let found = house.store.find_account_by(AccountKey::Uuid(uuid.unwrap()));
    assert_eq!(found.await.unwrap().unwrap().id, AccountId::new(41));
}

#[tokio::test]
async fn what_cannot_be_an_account_here_is_named_and_the_rest_of_its_batch_comes() {
    let house = House::modern().await;
    let long = |characters| "x".repeat(characters);
    let mut cases = vec![
        (foreign(0, "zero"), UnfitAccount::Number),
        (foreign(-1, "negative"), UnfitAccount::Number),
        (foreign((1 << 52) + 1, "huge"), UnfitAccount::Number),
        (foreign(i64::MAX, "last"), UnfitAccount::Number),
        (foreign(10, ""), UnfitAccount::Name),
        (foreign(11, "a\u{1b}[31m"), UnfitAccount::Name),
        (foreign(12, &long(151)), UnfitAccount::Name),
    ];
    let mut with = |change: fn(&mut ForeignAccount), reason| {
        let mut account = foreign(13, "bob");
        change(&mut account);
        cases.push((account, reason));
    };
    with(|a| a.email = "x".repeat(321), UnfitAccount::Email);
    with(|a| a.email = "a\nb".to_owned(), UnfitAccount::Email);
    with(
        |a| a.password = EncodedPassword::from_stored("x".repeat(1025)),
        UnfitAccount::Password,
    );
    with(
        |a| a.attributes.insert("bio", "x".repeat(20_000)).unwrap(),
        UnfitAccount::Attributes,
    );
    let (mut batch, mut expected): (Vec<_>, Vec<_>) = cases
        .into_iter()
        .map(|(account, reason)| (account, AccountTakeover::Refused(reason)))
        .unzip();
    batch.insert(3, foreign(7, &long(150)));
    expected.insert(3, AccountTakeover::Judged(AccountImport::Created));
    let outcomes = house
        .authority
        .import_accounts(batch, ImportRun::Real)
        .await
        .unwrap();
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn a_token_of_djangos_does_not_name_a_user_of_ours_by_accident() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let access = house.forge("access", FOREIGN_ID, "1");
    assert!(house.is_identified(&access).await, "nothing is known yet");
    let outcome = house.import(foreign(1, "ann")).await;
    assert_eq!(outcome, AccountTakeover::Judged(AccountImport::NumberTaken));
    assert!(!house.is_identified(&access).await);
    let refresh = house.forge("refresh", FOREIGN_ID, "1");
    assert_eq!(house.refusal(&refresh).await, Refusal::Blacklisted.into());
    let ours = house.login().await;
    assert!(house.is_identified(ours.access.as_str()).await);
}

/// Django forgets the owner of a token when it deletes the user; the token itself names the number.
#[tokio::test]
async fn a_token_of_a_user_who_is_gone_never_opens_a_newer_account() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let left = house.authority.leave_account_numbers(5).await.unwrap();
    assert_eq!(left, 1, "alice was made here");
    let (orphan, unrecorded) = (
        house.forge("refresh", FOREIGN_ID, "7"),
        house.forge("refresh", "unrecorded", "5"),
    );
    let token = RecordedToken {
        account: None,
        ..recorded(FOREIGN_ID, &orphan)
    };
    house.import_token(token).await;
    for expected in [8, 9] {
        let name = format!("user {expected}");
        let made = house
            .authority
            .create_account(name, None, AccountRequest::default())
            .await;
        assert_eq!(made.unwrap().id, AccountId::new(expected));
    }
    for token in [orphan, unrecorded] {
        assert_eq!(house.refusal(&token).await, Refusal::AccountGone.into());
    }
}

/// Whatever number the other system has come to, there are numbers left for accounts that are made here.
#[tokio::test]
async fn numbers_go_on_above_the_largest_that_can_be_imported() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    house
        .authority
        .leave_account_numbers(i64::MAX)
        .await
        .unwrap();
    let largest = foreign(1 << 52, "largest");
    let too_large = foreign((1 << 52) + 1, "too large");
    let beyond = house.forge("refresh", FOREIGN_ID, &too_large.id.to_string());
    assert_eq!(
        house.import(largest).await,
        AccountTakeover::Judged(AccountImport::Created)
    );
    assert_eq!(
        house.import(too_large).await,
        AccountTakeover::Refused(UnfitAccount::Number)
    );
    let orphan = RecordedToken {
        account: None,
        ..recorded(FOREIGN_ID, &beyond)
    };
    house.import_token(orphan).await;
    for expected in 1..=2 {
        let name = format!("user {expected}");
        let made = house
            .authority
            .create_account(name, None, AccountRequest::default())
            .await;
        assert_eq!(made.unwrap().id, AccountId::new((1 << 52) + expected));
    }
    let refusal = house.refusal(&beyond).await;
    assert_eq!(
        refusal,
        Refusal::Blacklisted.into(),
        "it means somebody else"
    );
}

#[tokio::test]
async fn imported_tokens_are_accepted_where_only_recorded_ones_are() {
    let mut policy = Policy::preset(Preset::SimpleJwt);
    policy.foreign = ForeignTokenPolicy::Recorded;
    policy.rotation.mode = RotationMode::Rotate;
    let house = House::build(policy).await;
    let token = house.forge("refresh", FOREIGN_ID, "1");
    assert_eq!(house.refusal(&token).await, TokenRefusal::Foreign);
    let outcome = house.import_token(recorded(FOREIGN_ID, "")).await;
    assert_eq!(outcome, TokenTakeover::Judged(TokenImport::Recorded));
    house.refresh(&token).await;
}

#[tokio::test]
async fn a_blacklisting_that_is_imported_counts_at_once() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let token = house.forge("refresh", FOREIGN_ID, "1");
    let next = house.refresh(&token).await.refresh.unwrap();
    let dead = RecordedToken {
        blacklisted_at: Some(NOON),
        ..recorded(FOREIGN_ID, &token)
    };
    let outcome = house.import_token(dead).await;
    assert_eq!(outcome, TokenTakeover::Judged(TokenImport::SessionEnded));
    let refusal = house.refusal(next.as_str()).await;
    assert_eq!(refusal, Refusal::Ended(EndCause::Logout).into());
}

#[tokio::test]
async fn expired_tokens_and_ids_that_open_by_chance_are_not_taken() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let expired = RecordedToken {
        expires_at: NOON.minus(Duration::from_mins(6)).timestamp(),
        ..recorded("expired", "no token at all")
    };
    assert_eq!(house.import_token(expired).await, TokenTakeover::Expired);
    let nonce = Nonce::from_bytes([1; 6]);
    let by_chance = house.seal(TokenAddress::Access(NonceAddress {
        root: number(77),
        nonce,
    }));
    let outcome = house.import_token(recorded(&by_chance, "")).await;
    assert_eq!(outcome, TokenTakeover::OpensByChance);
    for id in [String::new(), "x".repeat(256), "a\0b".to_owned()] {
        let outcome = house.import_token(recorded(&id, "")).await;
        assert_eq!(outcome, TokenTakeover::UnusableId, "{id:?}");
    }
    let tokens = house.store.find_foreign_token(&by_chance).await;
    assert_eq!(tokens.unwrap(), None);
}

/// Django's record of a sliding token knows the first `exp` only, and the token goes on under the same id.
#[tokio::test]
async fn the_record_of_a_sliding_token_lasts_as_long_as_it_can_slide() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let window_end = NOON.plus(Duration::from_hours(24)).timestamp();
    let text = house.forge_with("sliding", FOREIGN_ID, "1", |claims| {
        claims.set_date("refresh_exp", window_end);
    });
    let dead = RecordedToken {
        blacklisted_at: Some(NOON),
        expires_at: NOON.minus(Duration::from_hours(1)).timestamp(),
        ..recorded(FOREIGN_ID, &text)
    };
    let outcome = house.import_token(dead).await;
    assert_eq!(outcome, TokenTakeover::Judged(TokenImport::Blacklisted));
    let known = house.store.find_foreign_token(FOREIGN_ID).await.unwrap();
    assert!(known.unwrap().expires_at > window_end);
}

#[tokio::test]
async fn every_dead_token_is_told_on_the_way_back_and_no_live_one() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let django = house.forge("refresh", FOREIGN_ID, "1");
    let adopted = house.refresh(&django).await.refresh.unwrap();
    let first = house.login().await.refresh;
    let second = house.refresh(first.as_str()).await.refresh.unwrap();
    let live = house.login().await.refresh;
    let signed_out = house.login().await.refresh;
    house
        .authority
        .blacklist(signed_out.as_str(), &BROWSER)
        .await
        .unwrap();
    let dead = house.dead_tokens().await;
    for token in [&first, &signed_out] {
        assert!(dead.contains(&token_id(token)));
    }
    assert!(dead.contains(&FOREIGN_ID.to_owned()));
    for token in [&adopted, &second, &live] {
        assert!(!dead.contains(&token_id(token)));
    }

    house.store.revoke_everything(NOON, None).await.unwrap();
    let dead = house.dead_tokens().await;
    for token in [&adopted, &second, &live] {
        assert!(dead.contains(&token_id(token)));
    }
}

/// A spent token may live longer than the one that came after it: lifetimes may have been shortened in between.
#[tokio::test]
async fn a_dead_token_is_told_until_it_has_expired_for_sure() {
    let mut policy = Policy::preset(Preset::SimpleJwt);
    policy.rotation.mode = RotationMode::Rotate;
    policy.tokens.access_lifetime = Duration::from_hours(1);
    let house = House::build(policy).await;
    let spent = house.login().await.refresh;
    let current = house.refresh(spent.as_str()).await.refresh.unwrap();
    house.authority.revoke(current.as_str()).await.unwrap();
    let (spent, current) = (token_id(&spent), token_id(&current));
    let lifetime = Duration::from_hours(24);
    let cases = [
        (lifetime, vec![spent.clone(), current]),
        (lifetime + Duration::from_mins(10), vec![spent]),
        (lifetime + Duration::from_mins(70), vec![]),
    ];
    for (later, expected) in cases {
        house.clock.set(NOON.plus(later));
        assert_eq!(house.dead_tokens().await, expected, "after {later:?}");
    }
}

#[tokio::test]
async fn a_token_of_djangos_that_was_used_here_is_told_once() {
    let house = House::simplejwt(RotationMode::Rotate).await;
    let django = house.forge("refresh", FOREIGN_ID, "1");
    let adopted = house.refresh(&django).await.refresh.unwrap();
    house.authority.revoke(adopted.as_str()).await.unwrap();
    assert_eq!(
        house.dead_tokens().await,
        [FOREIGN_ID.to_owned(), token_id(&adopted)]
    );
}

#[tokio::test]
async fn a_sliding_token_whose_session_has_ended_is_told_too() {
    let house = House::simplejwt(RotationMode::Off).await;
    let sliding = house.login_sliding().await;
    assert!(!house.dead_tokens().await.contains(&token_id(&sliding)));
    house.authority.revoke(sliding.as_str()).await.unwrap();
    assert!(house.dead_tokens().await.contains(&token_id(&sliding)));
}
