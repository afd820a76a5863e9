//! The revocation index: every scope, in any order, while others read.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use countersign_token::{
    AccountState, KeyId, RevocationEntry, RevocationIndex, RevocationScope, RevokedBy,
    SessionAddress, Timestamp, TokenFacts,
};

/// Builds a log; each call is the next entry.
struct Log {
    index: RevocationIndex,
    sequence: u64,
}

impl Log {
    fn new() -> Self {
        Self {
            index: RevocationIndex::new(),
            sequence: 0,
        }
    }

    fn append(&mut self, scope: RevocationScope) {
        self.sequence += 1;
        self.index.apply(&entry(self.sequence, scope));
    }
}

fn entry(sequence: u64, scope: RevocationScope) -> RevocationEntry {
    RevocationEntry {
        sequence,
        scope,
        forget_at: Timestamp::from_seconds(1000),
    }
}

/// A token of session 7 and account 3.
struct Token {
    id: &'static str,
    key_id: KeyId,
    number: Option<u64>,
}

impl Token {
    fn new() -> Self {
        let key_id = KeyId::parse("k1").unwrap();
        Self {
            id: "0123456789abcdef0123456789abcdef",
            key_id,
            number: Some(7),
        }
    }

    fn of_session(number: u64) -> Self {
        Self {
            number: Some(number),
            ..Self::new()
        }
    }

    fn facts(&self) -> TokenFacts<'_> {
        TokenFacts {
            token_id: self.id,
            key_id: &self.key_id,
            session: self.number.map(SessionAddress::Number),
            number: self.number,
            account: Some(3),
        }
    }
}

fn upto(upto: u64, except: Option<u64>) -> RevocationScope {
    RevocationScope::AccountUpto {
        account: 3,
        upto,
        except,
    }
}

fn state(state: AccountState) -> RevocationScope {
    RevocationScope::AccountState { account: 3, state }
}

fn token_scope(id: &str) -> RevocationScope {
    RevocationScope::Token { id: id.into() }
}

fn session_scope(number: u64) -> RevocationScope {
    RevocationScope::Session {
        address: SessionAddress::Number(number),
    }
}

fn check(index: &RevocationIndex, token: &Token) -> Option<RevokedBy> {
    index.check(&token.facts())
}

#[test]
fn each_scope_revokes_what_it_names_and_nothing_else() {
    let kid = KeyId::parse("k1").unwrap();
    let other_kid = KeyId::parse("k2").unwrap();
    let rows = [
        (
            token_scope("0123456789abcdef0123456789abcdef"),
            Some(RevokedBy::Token),
        ),
        (token_scope("0123456789abcdef0123456789abcdee"), None),
        (token_scope("0123456789ABCDEF0123456789ABCDEF"), None),
        (session_scope(7), Some(RevokedBy::Session)),
        (session_scope(8), None),
        (
            RevocationScope::Session {
                address: SessionAddress::Sid([7; 16]),
            },
            None,
        ),
        (upto(7, None), Some(RevokedBy::Account)),
        (upto(6, None), None),
        (upto(9, Some(7)), None),
        (upto(9, Some(8)), Some(RevokedBy::Account)),
        (
            RevocationScope::AccountUpto {
                account: 4,
                upto: 9,
                except: None,
            },
            None,
        ),
        (
            RevocationScope::EverythingUpto { upto: 7 },
            Some(RevokedBy::Everything),
        ),
        (RevocationScope::EverythingUpto { upto: 6 }, None),
        (
            RevocationScope::EverythingUpto { upto: u64::MAX },
            Some(RevokedBy::Everything),
        ),
        (RevocationScope::Key { kid }, Some(RevokedBy::Key)),
        (RevocationScope::Key { kid: other_kid }, None),
        (
            state(AccountState::Deactivated),
            Some(RevokedBy::AccountState(AccountState::Deactivated)),
        ),
        (
            state(AccountState::Deleted),
            Some(RevokedBy::AccountState(AccountState::Deleted)),
        ),
        (state(AccountState::Reactivated), None),
        (state(AccountState::CredentialChanged), None),
        (state(AccountState::RecordChanged), None),
    ];
    for (scope, expected) in rows {
        let index = RevocationIndex::new();
        index.apply(&entry(1, scope.clone()));
        assert_eq!(check(&index, &Token::new()), expected, "{scope:?}");
    }
}

#[test]
fn remote_verifiers_match_the_public_id_of_sessions() {
    let index = RevocationIndex::new();
    let address = SessionAddress::Sid([7; 16]);
    index.apply(&entry(1, RevocationScope::Session { address }));
    let token = Token {
        number: None,
        ..Token::new()
    };
    let facts = TokenFacts {
        session: Some(address),
        ..token.facts()
    };
    assert_eq!(index.check(&facts), Some(RevokedBy::Session));
    let facts = TokenFacts {
        session: Some(SessionAddress::Sid([8; 16])),
        ..token.facts()
    };
    assert_eq!(index.check(&facts), None);
}

#[test]
fn tokens_without_a_number_are_not_matched_by_numbers() {
    let mut log = Log::new();
    log.append(upto(9, None));
    log.append(RevocationScope::EverythingUpto { upto: 9 });
    assert_eq!(
        check(
            &log.index,
            &Token {
                number: None,
                ..Token::new()
            }
        ),
        None
    );
}

#[test]
fn what_the_token_is_goes_before_what_its_account_is() {
    let mut log = Log::new();
    let token = Token::new();
    let mut expect_after = |scope, expected| {
        log.append(scope);
        assert_eq!(check(&log.index, &token), Some(expected));
    };
    let deactivated = RevokedBy::AccountState(AccountState::Deactivated);
    expect_after(state(AccountState::Deactivated), deactivated);
    expect_after(
        RevocationScope::Key {
            kid: token.key_id.clone(),
        },
        RevokedBy::Key,
    );
    expect_after(
        RevocationScope::EverythingUpto { upto: 7 },
        RevokedBy::Everything,
    );
    expect_after(upto(7, None), RevokedBy::Account);
    expect_after(session_scope(7), RevokedBy::Session);
    expect_after(token_scope(token.id), RevokedBy::Token);
}

#[test]
fn the_newest_entry_of_an_account_implies_all_older_ones() {
    let mut log = Log::new();
    log.append(upto(5, None));
    log.append(upto(9, Some(8)));
    let verdicts = |index: &RevocationIndex| {
        [5, 8, 9, 10].map(|number| check(index, &Token::of_session(number)).is_some())
    };
    assert_eq!(verdicts(&log.index), [true, false, true, false]);

    log.append(upto(10, None));
    assert_eq!(verdicts(&log.index), [true, true, true, true]);
}

#[test]
fn a_kept_session_can_be_ended_later() {
    let mut log = Log::new();
    log.append(upto(9, Some(7)));
    assert_eq!(check(&log.index, &Token::new()), None);
    log.append(session_scope(7));
    assert_eq!(check(&log.index, &Token::new()), Some(RevokedBy::Session));
}

#[test]
fn reactivation_clears_a_deactivation_but_no_ended_session() {
    let mut log = Log::new();
    log.append(state(AccountState::Deactivated));
    log.append(upto(6, None));
    log.append(state(AccountState::Reactivated));
    assert_eq!(check(&log.index, &Token::new()), None);
    assert_eq!(
        check(&log.index, &Token::of_session(6)),
        Some(RevokedBy::Account)
    );
    log.append(state(AccountState::Deactivated));
    assert!(check(&log.index, &Token::new()).is_some());
}

#[test]
fn a_changed_credential_does_not_undo_a_deactivation() {
    let mut log = Log::new();
    log.append(state(AccountState::Deactivated));
    log.append(state(AccountState::CredentialChanged));
    log.append(state(AccountState::RecordChanged));
    assert!(check(&log.index, &Token::new()).is_some());
}

#[test]
fn nothing_follows_a_deletion() {
    let mut log = Log::new();
    log.append(state(AccountState::Deleted));
    log.append(state(AccountState::Reactivated));
    let deleted = RevokedBy::AccountState(AccountState::Deleted);
    assert_eq!(check(&log.index, &Token::new()), Some(deleted));
}

#[test]
fn entries_may_arrive_twice_and_in_any_order() {
    let log = [
        entry(1, upto(9, None)),
        entry(2, state(AccountState::Deactivated)),
        entry(3, upto(9, Some(7))),
        entry(4, state(AccountState::Reactivated)),
        entry(5, token_scope("x")),
    ];
    let orders = [
        [0, 1, 2, 3, 4],
        [4, 3, 2, 1, 0],
        [2, 0, 3, 1, 4],
        [3, 3, 2, 1, 0],
    ];
    for order in orders {
        let index = RevocationIndex::new();
        for _ in 0..2 {
            for position in order {
                index.apply(&log[position]);
            }
        }
        assert_eq!(check(&index, &Token::new()), None, "{order:?}");
        assert!(check(&index, &Token::of_session(8)).is_some(), "{order:?}");
    }
}

#[test]
fn the_highest_sequence_is_known() {
    let index = RevocationIndex::new();
    assert_eq!(
        (index.applied(), index.len(), index.is_empty()),
        (0, 0, true)
    );
    index.apply(&entry(9, token_scope("a")));
    index.apply(&entry(4, token_scope("b")));
    index.apply(&entry(10, state(AccountState::CredentialChanged)));
    assert_eq!(
        (index.applied(), index.len(), index.is_empty()),
        (10, 2, false)
    );
}

#[test]
fn entries_are_forgotten_once_no_token_can_match() {
    let mut log = Log::new();
    let token = Token::new();
    log.append(token_scope(token.id));
    log.append(token_scope("foreign"));
    log.append(session_scope(7));
    log.append(upto(7, None));
    log.append(RevocationScope::Key {
        kid: token.key_id.clone(),
    });
    assert_eq!(log.index.forget_expired(Timestamp::from_seconds(999)), 0);
    assert_eq!(log.index.len(), 5);
    assert_eq!(log.index.forget_expired(Timestamp::from_seconds(1000)), 5);
    assert!(log.index.is_empty());
    assert_eq!(check(&log.index, &token), None);
    assert_eq!(log.index.applied(), 5);
}

#[test]
fn an_entry_stays_as_long_as_its_longest_claim() {
    let index = RevocationIndex::new();
    let later = RevocationEntry {
        forget_at: Timestamp::from_seconds(2000),
        ..entry(1, session_scope(7))
    };
    index.apply(&later);
    index.apply(&entry(2, session_scope(7)));
    assert_eq!(index.forget_expired(Timestamp::from_seconds(1500)), 0);
    assert_eq!(check(&index, &Token::new()), Some(RevokedBy::Session));

    let older = RevocationEntry {
        forget_at: Timestamp::from_seconds(3000),
        ..entry(3, upto(9, None))
    };
    index.apply(&older);
    index.apply(&entry(4, state(AccountState::Reactivated)));
    // The session and the state; what revokes the sessions of the account has an end of its own.
    assert_eq!(index.forget_expired(Timestamp::from_seconds(2500)), 2);
    assert_eq!(check(&index, &Token::new()), Some(RevokedBy::Account));
}

#[test]
fn what_was_applied_is_seen_by_readers_at_once() {
    let index = RevocationIndex::new();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    let applied = index.applied();
                    for number in [1, applied / 2, applied]
                        .into_iter()
                        .filter(|number| (1..=applied).contains(number))
                    {
                        assert!(
                            check(&index, &Token::of_session(number)).is_some(),
                            "{number}"
                        );
                    }
                    assert_eq!(check(&index, &Token::of_session(u64::MAX)), None);
                }
            });
        }
        for number in 1..=20_000 {
            index.apply(&entry(number, session_scope(number)));
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!((index.len(), index.applied()), (20_000, 20_000));
}

/// All scopes, and everything that a writer does besides: the index grows from nothing, subjects get
/// further entries, and others are forgotten all the time.
#[test]
fn what_was_applied_is_seen_by_every_later_check_through_growth_and_forgetting() {
    const SUBJECTS: u64 = 20_000;
    let index = RevocationIndex::new();
    let key_id = KeyId::parse("k1").unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for seed in [3, 5] {
            let (index, done, key_id) = (&index, &done, &key_id);
            scope.spawn(move || {
                let mut pick = seed;
                while !done.load(Ordering::Acquire) {
                    let applied = index.applied();
                    pick = (pick * 31 + 7) % SUBJECTS;
                    for number in [1, pick % applied.max(1) + 1, applied] {
                        let known = (1..=applied).contains(&number);
                        let verdict = index.check(&facts_of(number, &id_of(number), key_id));
                        assert!(!known || verdict == Some(expected(number)), "{number}");
                    }
                    let unknown = pick + 2 * SUBJECTS;
                    assert_eq!(
                        index.check(&facts_of(unknown, &id_of(unknown), key_id)),
                        None
                    );
                }
            });
        }
        for number in 1..=SUBJECTS {
            let short_lived = entry(0, session_scope(number + 4 * SUBJECTS));
            index.apply(&short_lived);
            let lasting = RevocationEntry {
                forget_at: Timestamp::from_seconds(5000),
                ..entry(number, scope_of(number))
            };
            index.apply(&lasting);
            if number.is_multiple_of(7) {
                let longer = RevocationEntry {
                    forget_at: Timestamp::from_seconds(6000),
                    ..lasting
                };
                index.apply(&longer);
            }
            if number.is_multiple_of(2_500) {
                assert_eq!(index.forget_expired(Timestamp::from_seconds(1000)), 2_500);
            }
        }
        done.store(true, Ordering::Release);
    });
    assert_eq!(u64::try_from(index.len()), Ok(SUBJECTS));
}

fn facts_of<'a>(number: u64, token_id: &'a str, key_id: &'a KeyId) -> TokenFacts<'a> {
    TokenFacts {
        token_id,
        key_id,
        session: Some(match number % 5 {
            2 => SessionAddress::Number(number),
            _ => SessionAddress::Sid(u128::from(number).to_be_bytes()),
        }),
        number: Some(7),
        account: i64::try_from(number).ok(),
    }
}

/// What the entry of a number is about, so that neighbors are of different sorts.
fn scope_of(number: u64) -> RevocationScope {
    let account = i64::try_from(number).unwrap();
    match number % 5 {
        0 | 1 => token_scope(&id_of(number)),
        2 => session_scope(number),
        3 => RevocationScope::AccountUpto {
            account,
            upto: 9,
            except: Some(8),
        },
        _ => RevocationScope::AccountState {
            account,
            state: AccountState::Deactivated,
        },
    }
}

fn expected(number: u64) -> RevokedBy {
    match number % 5 {
        0 | 1 => RevokedBy::Token,
        2 => RevokedBy::Session,
        3 => RevokedBy::Account,
        _ => RevokedBy::AccountState(AccountState::Deactivated),
    }
}

/// Ids of ours and foreign ones.
fn id_of(number: u64) -> String {
    if number.is_multiple_of(5) {
        format!("foreign-{number}")
    } else {
        format!("{number:032x}")
    }
}

#[test]
fn forgetting_while_others_write_loses_nothing_that_still_counts() {
    let index = RevocationIndex::new();
    let now = Timestamp::from_seconds(1000);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=5_000 {
                index.apply(&entry(number, session_scope(number)));
                let kept = RevocationEntry {
                    forget_at: Timestamp::from_seconds(5000),
                    ..entry(number, session_scope(number))
                };
                index.apply(&kept);
            }
        });
        scope.spawn(|| {
            for _ in 0..200 {
                index.forget_expired(now);
            }
        });
    });
    index.forget_expired(now);
    assert_eq!(index.len(), 5_000);
}
