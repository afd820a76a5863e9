//! Making tokens: which claims, in which order, under which id, until when.

use std::sync::Arc;
use std::time::Duration;

use countersign_token::{
    Access, ClaimsError, ClaimsSet, KeySet, NoRandomness, Refresh, SignedToken, Sliding, Timestamp,
    TokenKind, UnixMillis, Verifier, VerifyCache,
};

use super::further;
use super::generic::GenericKind;
use super::login::{Form, OpenedSession};
use super::{Authority, AuthorityError, TokenPair};
use crate::account::Account;
use crate::policy::TokenPolicy;
use crate::random::draw;
use crate::rotation::later;
use crate::sealed_id::{
    GenerationAddress, Nonce, NonceAddress, SealingError, SealingKey, TokenAddress,
};
use crate::session::SessionRecord;

/// The verifier for the tokens that these settings describe.
pub(super) fn verifier(tokens: &TokenPolicy, keys: Arc<KeySet>) -> Verifier {
    let mut verifier = Verifier::new(keys)
        .leeway(tokens.leeway)
        .issued_at_tolerance(OWN_ISSUE_TIME_TOLERANCE)
        .token_type_claim(tokens.token_type_claim.as_deref())
        .token_id_claim(&tokens.token_id_claim)
        .user_claim(&tokens.user_claim)
        .session_claim(tokens.session_claim.as_deref());
    if let Some(issuer) = &tokens.issuer {
        verifier = verifier.issuer(issuer.as_str());
    }
    for audience in &tokens.audience {
        verifier = verifier.audience(audience.as_str());
    }
    // Without randomness for its key there is no cache; every signature is then checked.
    match VerifyCache::new(REMEMBERED_SIGNATURES) {
        Ok(cache) => verifier.cache(cache),
        Err(NoRandomness) => verifier,
    }
}

impl Authority {
    /// The two tokens of a session that was just opened.
    pub(super) fn mint_pair(&self, opened: &OpenedSession) -> Result<TokenPair, AuthorityError> {
        let session = &opened.record;
        let mut claims = self.login_claims(&opened.account, session)?;
        further::add(&opened.claims, &mut claims)?;
        Ok(TokenPair {
            access: self.mint_access(session, &claims, session.created_at)?,
            refresh: self.mint_refresh(session, claims)?,
            session: session.sid,
        })
    }

    /// The refresh token of a row's current generation. `claims` are those of its predecessor, or of a login:
    /// times and id are replaced in place, everything else is carried over.
    pub(super) fn mint_refresh(
        &self,
        session: &SessionRecord,
        mut claims: ClaimsSet,
    ) -> Result<SignedToken, AuthorityError> {
        let address = TokenAddress::Refresh(current_address(session));
        let tokens = &self.policy.tokens;
        claims.insert(&tokens.token_id_claim, self.seal(session, address)?)?;
        claims.set_expiration(session.refresh_expires_at);
        claims.set_issued_at(session.rotated_at.timestamp());
        self.add_session_claims(&mut claims, session)?;
        self.sign(claims)
    }

    /// The sliding token of a session that was just opened.
    pub(super) fn mint_sliding(
        &self,
        opened: &OpenedSession,
    ) -> Result<SignedToken, AuthorityError> {
        let session = &opened.record;
        let address = TokenAddress::Sliding(current_address(session));
        let tokens = &self.policy.tokens;
        let mut claims = self.head_claims(Sliding::TYPE)?;
        let opened_at = session.created_at;
        claims.set_expiration(self.expires_at(session, tokens.sliding_lifetime, opened_at));
        claims.set_issued_at(opened_at.timestamp());
        claims.insert(&tokens.token_id_claim, self.seal(session, address)?)?;
        let window_end = session.refresh_expires_at.seconds();
        claims.insert(&tokens.sliding_refresh_claim, window_end)?;
        self.add_owner_claims(&mut claims, &opened.account, session)?;
        further::add(&opened.claims, &mut claims)?;
        self.sign(claims)
    }

    /// An access token with the claims of its refresh token.
    pub(super) fn mint_access(
        &self,
        session: &SessionRecord,
        refresh: &ClaimsSet,
        now: UnixMillis,
    ) -> Result<SignedToken, AuthorityError> {
        let address = TokenAddress::Access(self.nonce_address(session)?);
        let tokens = &self.policy.tokens;
        let mut claims = self.head_claims(Access::TYPE)?;
        claims.set_expiration(self.expires_at(session, tokens.access_lifetime, now));
        claims.set_issued_at(now.timestamp());
        claims.insert(&tokens.token_id_claim, self.seal(session, address)?)?;
        let type_claim = tokens.token_type_claim.as_deref().unwrap_or("token_type");
        claims.inherit(refresh, &[type_claim, &tokens.token_id_claim]);
        self.add_session_claims(&mut claims, session)?;
        self.sign(claims)
    }

    /// What the token of a generic session says, but for its data.
    pub(super) fn generic_claims(
        &self,
        kind: &GenericKind,
        account: Option<&Account>,
        session: &SessionRecord,
    ) -> Result<ClaimsSet, AuthorityError> {
        let address = match kind {
            GenericKind::Refresh => TokenAddress::Refresh(current_address(session)),
            GenericKind::Access => TokenAddress::Access(self.nonce_address(session)?),
            GenericKind::Websocket => TokenAddress::Websocket(self.nonce_address(session)?),
            GenericKind::Custom(_) => TokenAddress::Custom(self.nonce_address(session)?),
        };
        let mut claims = self.head_claims(kind.name())?;
        claims.set_expiration(session.refresh_expires_at);
        claims.set_issued_at(session.created_at.timestamp());
        let token_id = self.seal(session, address)?;
        claims.insert(&self.policy.tokens.token_id_claim, token_id)?;
        match account {
            Some(account) => self.add_owner_claims(&mut claims, account, session)?,
            None => self.add_session_claims(&mut claims, session)?,
        }
        Ok(claims)
    }

    /// A new address of a token that is not refreshed.
    fn nonce_address(&self, session: &SessionRecord) -> Result<NonceAddress, AuthorityError> {
        Ok(NonceAddress {
            root: session.root,
            nonce: Nonce::from_bytes(draw(self.random.as_ref())?),
        })
    }

    /// The longest that any token may outlive its session's refresh token, or its window: one issued at the last
    /// second, and the leeway.
    pub(super) fn keep_beyond_seconds(&self, form: Form) -> i64 {
        let tokens = &self.policy.tokens;
        let lifetime = match form {
            Form::Pair => tokens.access_lifetime,
            Form::Sliding => tokens.sliding_lifetime,
        };
        whole_seconds(lifetime).saturating_add(whole_seconds(tokens.leeway))
    }

    /// The end of a session opened now, if sessions have one.
    pub(super) fn deadline(&self, now: UnixMillis) -> Option<Timestamp> {
        let lifetime = self.policy.sessions.lifetime?;
        Some(later(now.timestamp(), whole_seconds(lifetime)))
    }

    /// The `exp` of a refresh token issued now, capped to the idle time-out, or the end of a sliding token's window;
    /// before a deadline caps it.
    pub(super) fn refresh_expires_at(&self, form: Form, now: UnixMillis) -> Timestamp {
        let tokens = &self.policy.tokens;
        let lifetime = match (form, self.policy.sessions.idle) {
            (Form::Pair, Some(idle)) => tokens.refresh_lifetime.min(idle),
            (Form::Pair, None) => tokens.refresh_lifetime,
            (Form::Sliding, _) => tokens.sliding_refresh_lifetime,
        };
        later(now.timestamp(), whole_seconds(lifetime))
    }

    /// The `exp` of an access or sliding token issued now: no token outlives its session's row.
    pub(super) fn expires_at(
        &self,
        session: &SessionRecord,
        lifetime: Duration,
        now: UnixMillis,
    ) -> Timestamp {
        let leeway = whole_seconds(self.policy.tokens.leeway);
        let kept = later(session.keep_until, leeway.saturating_neg());
        [
            Some(later(now.timestamp(), whole_seconds(lifetime))),
            session.deadline,
            Some(kept),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(kept)
    }

    fn login_claims(
        &self,
        account: &Account,
        session: &SessionRecord,
    ) -> Result<ClaimsSet, AuthorityError> {
        let mut claims = self.head_claims(Refresh::TYPE)?;
        claims.set_expiration(session.refresh_expires_at);
        claims.set_issued_at(session.created_at.timestamp());
        // The id's place is kept here; `mint_refresh` fills it in.
        claims.insert(&self.policy.tokens.token_id_claim, "")?;
        self.add_owner_claims(&mut claims, account, session)?;
        Ok(claims)
    }

    /// Whose token it is, and of which session.
    fn add_owner_claims(
        &self,
        claims: &mut ClaimsSet,
        account: &Account,
        session: &SessionRecord,
    ) -> Result<(), ClaimsError> {
        claims.insert(&self.policy.tokens.user_claim, self.name_of(account))?;
        self.add_password_mark(claims, account)?;
        self.add_session_claims(claims, session)
    }

    fn head_claims(&self, token_type: &str) -> Result<ClaimsSet, ClaimsError> {
        let mut claims = ClaimsSet::new();
        if let Some(name) = &self.policy.tokens.token_type_claim {
            claims.insert(name, token_type)?;
        }
        Ok(claims)
    }

    /// Which session it is, and since when.
    fn add_session_claims(
        &self,
        claims: &mut ClaimsSet,
        session: &SessionRecord,
    ) -> Result<(), ClaimsError> {
        let tokens = &self.policy.tokens;
        if let Some(name) = &tokens.session_claim {
            claims.insert(name, tokens.session_claim_text(session.sid))?;
        }
        if let Some(name) = &tokens.session_start_claim {
            claims.insert(name, session.created_at.timestamp().seconds())?;
        }
        Ok(())
    }

    pub(super) fn seal(
        &self,
        session: &SessionRecord,
        address: TokenAddress,
    ) -> Result<String, SealingError> {
        let ring = self.keys.sealing();
        ring.get(session.sealing_key)
            .ok_or(SealingError)
            .and_then(|key: &SealingKey| key.seal(address))
    }

    /// Signs claims for today's audience and issuer.
    pub(super) fn sign(&self, mut claims: ClaimsSet) -> Result<SignedToken, AuthorityError> {
        let tokens = &self.policy.tokens;
        match tokens.audience.as_slice() {
            [] => {}
            [one] => claims.insert("aud", one)?,
            several => claims.insert("aud", several)?,
        }
        if let Some(issuer) = &tokens.issuer {
            claims.insert("iss", issuer)?;
        }
        Ok(self.keys.sign(tokens.key_id, &claims)?)
    }
}

/// The address of a row's current refresh or sliding token.
fn current_address(session: &SessionRecord) -> GenerationAddress {
    GenerationAddress {
        session: session.number,
        generation: session.generation,
        salt: session.sid.salt(),
    }
}

/// A duration in whole seconds, as claims count.
pub(super) fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// How many tokens' signatures are remembered: five megabytes when full.
const REMEMBERED_SIGNATURES: usize = 50_000;

/// How far ahead of the clock the `iat` of a token of ours may lie: another node's clock differs a little.
const OWN_ISSUE_TIME_TOLERANCE: Duration = Duration::from_secs(5);
