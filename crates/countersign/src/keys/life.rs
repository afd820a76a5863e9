//! The life of a signing key: standby, active, retiring, retired, or revoked at any time.
//!
//! A key is published before it signs, and verifies until the last token that it signed has expired. Each step is
//! planned here, purely, from the keys as they were read; the store then takes it in one transaction if they still
//! stand so. What has changed in between is told and changes nothing.

use std::time::Duration;

use countersign_token::{Algorithm, KeyId, Timestamp, UnixMillis};

use super::KeyRing;
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::policy::TokenPolicy;
use crate::store::{
    KeyPromotion, KeyRecords, KeyRevocation, KeyTransition, KeyVault, SigningKeyRecord,
    SigningKeyState, StoreError,
};

/// How long a new key should be published before it signs: as long as others may keep a copy of the JWK Set. A token
/// that is signed earlier may be refused by whoever still has the older set.
pub const PUBLICATION_TIME: Duration = Duration::from_mins(5);

/// Why a key cannot take a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// The store has no such key.
    #[error("there is no such key")]
    Unknown,
    /// The key stands elsewhere in its life.
    #[error("the key is {}", .0.name())]
    NotInState(SigningKeyState),
    /// The key is for another algorithm than the settings.
    #[error("the key is for {key}, and `jwt.algorithm` is {wanted}")]
    OtherAlgorithm {
        /// The key's algorithm.
        key: Algorithm,
        /// The algorithm in the settings.
        wanted: Algorithm,
    },
    /// Tokens that it signed are in force until this second.
    #[error("tokens that the key signed are still in force")]
    StillNeeded(Timestamp),
    /// It signs, and no key of the settings' algorithm stands by.
    #[error("the key signs, and no {0} key stands by to take its place")]
    NoSuccessor(Algorithm),
}

/// From when on a key may sign without anybody refusing its tokens for an old copy of the JWK Set. A shared secret is
/// never published, and ready at once.
pub fn is_published_from(key: &SigningKeyRecord) -> UnixMillis {
    if key.algorithm.is_symmetric() {
        key.created_at
    } else {
        key.created_at.plus(PUBLICATION_TIME)
    }
}

/// Plans to make a standby key the one that signs.
///
/// # Errors
/// [`KeyRefusal`] if it does not stand by, or if servers with these settings could not start with it.
pub fn plan_promotion(
    keys: &KeyRecords,
    kid: &KeyId,
    tokens: &TokenPolicy,
    now: UnixMillis,
) -> Result<KeyPromotion, KeyRefusal> {
    let key = find(keys, kid)?;
    if key.state != SigningKeyState::Standby {
        return Err(KeyRefusal::NotInState(key.state));
    }
    if key.algorithm != tokens.algorithm {
        return Err(KeyRefusal::OtherAlgorithm {
            key: key.algorithm,
            wanted: tokens.algorithm,
        });
    }
    Ok(KeyPromotion {
        kid: kid.clone(),
        replaces: active(keys).map(|key| key.kid.clone()),
        keep_until: now.plus(longest_life(tokens)).plus(UNDER_WAY).timestamp(),
    })
}

/// Whether a key may be retired.
///
/// # Errors
/// [`KeyRefusal`] if it is not retiring, or if a token that it signed can still be in force.
pub fn check_retirement(keys: &KeyRecords, kid: &KeyId, now: UnixMillis) -> Result<(), KeyRefusal> {
    let key = find(keys, kid)?;
    match (key.state, key.keep_until) {
        (SigningKeyState::Retiring, Some(until)) if until <= now.timestamp() => Ok(()),
        (SigningKeyState::Retiring, Some(until)) => Err(KeyRefusal::StillNeeded(until)),
        (state, _) => Err(KeyRefusal::NotInState(state)),
    }
}

/// Plans to revoke a key. The oldest standby key of the algorithm takes the place of the active one.
///
/// # Errors
/// [`KeyRefusal`] if it is revoked already, or signs and has no successor.
pub fn plan_revocation(
    keys: &KeyRecords,
    kid: &KeyId,
    algorithm: Algorithm,
) -> Result<KeyRevocation, KeyRefusal> {
    let key = find(keys, kid)?;
    let successor = match key.state {
        SigningKeyState::Revoked => return Err(KeyRefusal::NotInState(key.state)),
        SigningKeyState::Active => {
            let successor = successor(keys, algorithm);
            Some(successor.ok_or(KeyRefusal::NoSuccessor(algorithm))?)
        }
        SigningKeyState::Standby | SigningKeyState::Retiring | SigningKeyState::Retired => None,
    };
    Ok(KeyRevocation {
        kid: kid.clone(),
        from: key.state,
        successor,
    })
}

/// The steps themselves, each one transaction with its line in the audit log. Running servers follow.
impl KeyRing {
    /// Makes a standby key the one that signs; the one before verifies on.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed.
    pub async fn promote(
        vault: &dyn KeyVault,
        promotion: &KeyPromotion,
        now: UnixMillis,
    ) -> Result<KeyTransition, StoreError> {
        let event = event(AuditKind::KeyPromoted, &promotion.kid, now);
        vault
            .promote_signing_key(promotion, now, Some(&event))
            .await
    }

    /// Retires a key whose last token has expired. Its secret is dropped.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed.
    pub async fn retire(
        vault: &dyn KeyVault,
        kid: &KeyId,
        now: UnixMillis,
    ) -> Result<KeyTransition, StoreError> {
        let event = event(AuditKind::KeyRetired, kid, now);
        vault.retire_signing_key(kid, now, Some(&event)).await
    }

    /// Revokes a key: everything that it signed is refused from now on, and its secret is dropped.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed.
    pub async fn revoke(
        vault: &dyn KeyVault,
        revocation: &KeyRevocation,
        now: UnixMillis,
    ) -> Result<KeyTransition, StoreError> {
        let mut events = vec![event(AuditKind::KeyRevoked, &revocation.kid, now)];
        if let Some(successor) = &revocation.successor {
            events.push(event(AuditKind::KeyPromoted, successor, now));
        }
        vault.revoke_signing_key(revocation, now, &events).await
    }
}

/// A line of the audit log about a key.
pub(super) fn event(what: AuditKind, kid: &KeyId, now: UnixMillis) -> AuditEvent {
    AuditEvent::new(now, what, Actor::Operator).of_key(kid.clone())
}

fn find<'a>(keys: &'a KeyRecords, kid: &KeyId) -> Result<&'a SigningKeyRecord, KeyRefusal> {
    let mut keys = keys.signing.iter();
    keys.find(|key| key.kid == *kid).ok_or(KeyRefusal::Unknown)
}

fn active(keys: &KeyRecords) -> Option<&SigningKeyRecord> {
    let mut keys = keys.signing.iter();
    keys.find(|key| key.state == SigningKeyState::Active)
}

/// The standby key that has been published longest.
fn successor(keys: &KeyRecords, algorithm: Algorithm) -> Option<KeyId> {
    let mut standby = keys
        .signing
        .iter()
        .filter(|key| key.state == SigningKeyState::Standby && key.algorithm == algorithm);
    standby.next().map(|key| key.kid.clone())
}

/// The longest that a token can be in force by these settings, leeway included.
fn longest_life(tokens: &TokenPolicy) -> Duration {
    let longest = [
        tokens.access_lifetime,
        tokens.refresh_lifetime,
        tokens.sliding_lifetime,
    ];
    longest
        .into_iter()
        .fold(Duration::ZERO, Duration::max)
        .saturating_add(tokens.leeway)
}

/// How long a request may be under way that still signs with the key before, and how far clocks may differ.
const UNDER_WAY: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, Preset};

    const NOON: UnixMillis = UnixMillis::from_seconds(1_893_456_000);

    fn key(kid: &str, state: SigningKeyState) -> SigningKeyRecord {
        SigningKeyRecord {
            kid: name(kid),
            algorithm: Algorithm::Es256,
            state,
            since: NOON,
            wrapped: Some(vec![1]),
            created_at: NOON,
            promoted_at: None,
            keep_until: (state == SigningKeyState::Retiring).then_some(NOON.timestamp()),
        }
    }

    fn name(kid: &str) -> KeyId {
        KeyId::parse(kid).unwrap()
    }

    fn ring(signing: Vec<SigningKeyRecord>) -> KeyRecords {
        KeyRecords {
            check_value: Vec::new(),
            signing,
            sealing: Vec::new(),
        }
    }

    fn one_of_each() -> KeyRecords {
        let keys = SigningKeyState::ALL.map(|state| key(state.name(), state));
        ring(keys.to_vec())
    }

    fn tokens() -> TokenPolicy {
        Policy::preset(Preset::Modern).tokens
    }

    #[test]
    fn only_a_standby_key_is_promoted() {
        let keys = one_of_each();
        for state in SigningKeyState::ALL {
            let plan = plan_promotion(&keys, &name(state.name()), &tokens(), NOON);
            if state == SigningKeyState::Standby {
                assert_eq!(plan.unwrap().replaces, Some(name("active")));
            } else {
                assert_eq!(plan, Err(KeyRefusal::NotInState(state)));
            }
        }
        let plan = plan_promotion(&keys, &name("nobody"), &tokens(), NOON);
        assert_eq!(plan, Err(KeyRefusal::Unknown));
    }

    #[test]
    fn a_key_of_another_algorithm_is_not_promoted() {
        let other = SigningKeyRecord {
            algorithm: Algorithm::EdDsa,
            ..key("k", SigningKeyState::Standby)
        };
        assert_eq!(
            plan_promotion(&ring(vec![other]), &name("k"), &tokens(), NOON),
            Err(KeyRefusal::OtherAlgorithm {
                key: Algorithm::EdDsa,
                wanted: Algorithm::Es256
            })
        );
    }

    #[test]
    fn the_replaced_key_is_kept_for_the_longest_life_of_a_token() {
        for longest in 0..3 {
            let mut tokens = tokens();
            tokens.leeway = Duration::from_secs(7);
            let mut lives = [
                &mut tokens.access_lifetime,
                &mut tokens.refresh_lifetime,
                &mut tokens.sliding_lifetime,
            ];
            for (position, life) in lives.iter_mut().enumerate() {
                **life = Duration::from_secs(if position == longest { 90_000 } else { 60 });
            }
            let plan = plan_promotion(&one_of_each(), &name("standby"), &tokens, NOON).unwrap();
            let kept = plan.keep_until.seconds() - NOON.timestamp().seconds();
            assert_eq!(kept, 90_000 + 7 + 60, "life {longest}");
        }
    }

    #[test]
    fn a_key_retires_once_its_last_token_has_expired_and_not_before() {
        let retiring = name("retiring");
        let before = NOON.minus(Duration::from_millis(1));
        assert_eq!(check_retirement(&one_of_each(), &retiring, NOON), Ok(()));
        assert_eq!(
            check_retirement(&one_of_each(), &retiring, before),
            Err(KeyRefusal::StillNeeded(NOON.timestamp()))
        );
        for state in SigningKeyState::ALL {
            if state != SigningKeyState::Retiring {
                let refused = check_retirement(&one_of_each(), &name(state.name()), NOON);
                assert_eq!(refused, Err(KeyRefusal::NotInState(state)));
            }
        }
    }

    #[test]
    fn any_key_is_revoked_once_and_only_the_active_one_has_a_successor() {
        for state in SigningKeyState::ALL {
            let plan = plan_revocation(&one_of_each(), &name(state.name()), Algorithm::Es256);
            let successor = match state {
                SigningKeyState::Revoked => {
                    assert_eq!(plan, Err(KeyRefusal::NotInState(state)));
                    continue;
                }
                SigningKeyState::Active => Some(name("standby")),
                _ => None,
            };
            let plan = plan.unwrap();
            assert_eq!((plan.from, plan.successor), (state, successor));
        }
    }

    #[test]
    fn the_active_key_is_not_revoked_without_a_successor_of_the_algorithm() {
        let refused = plan_revocation(&one_of_each(), &name("active"), Algorithm::EdDsa);
        assert_eq!(refused, Err(KeyRefusal::NoSuccessor(Algorithm::EdDsa)));
    }

    #[test]
    fn the_oldest_standby_key_succeeds() {
        let keys = [
            key("a", SigningKeyState::Active),
            key("z", SigningKeyState::Standby),
            key("b", SigningKeyState::Standby),
        ];
        let plan = plan_revocation(&ring(keys.to_vec()), &name("a"), Algorithm::Es256).unwrap();
        assert_eq!(plan.successor, Some(name("z")));
    }

    #[test]
    fn a_public_key_is_published_for_a_while_and_a_secret_never() {
        let public = key("k", SigningKeyState::Standby);
        let secret = SigningKeyRecord {
            algorithm: Algorithm::Hs256,
            ..public.clone()
        };
        assert_eq!(is_published_from(&public), NOON.plus(PUBLICATION_TIME));
        assert_eq!(is_published_from(&secret), NOON);
    }
}
