//! Generic tokens: of any kind, with any data, for an account or for nobody, each in a session of its own that can be
//! ended. What a token manager does, over the one ledger.

use std::time::Duration;

use countersign_token::{
    Access, Authenticated, ClaimsSet, Refresh as RefreshKind, SignedToken, Timestamp, TokenKind,
    UnixMillis, VerifyError, Websocket,
};

use super::further;
use super::ledger::buys_new_ones;
use super::login::Form;
use super::minting::whole_seconds;
use super::revoke::Revoked;
use super::{Authority, AuthorityError, Client, TokenRefusal};
use crate::account::{Account, AccountId};
use crate::audit::{Actor, AuditEvent, AuditKind};
use crate::policy::{SessionCheck, TokenPolicy, UnfitClaims};
use crate::rotation::later;
use crate::sealed_id::{Opened, TokenAddress};
use crate::session::{FirstToken, SessionId, SessionRecord};
use crate::store::{NewSession, Opening};

/// The kind of a generic token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GenericKind {
    /// An access token.
    Access,
    /// A refresh token, for more of itself and for access tokens with the same data.
    Refresh,
    /// A websocket token.
    Websocket,
    /// A kind of the program's own: one of [`TokenPolicy::custom_kinds`].
    Custom(String),
}

impl GenericKind {
    /// The kind of that name. Whether a custom one is registered shows when it is used.
    pub fn parse(name: &str) -> Self {
        match name {
            Access::TYPE => Self::Access,
            RefreshKind::TYPE => Self::Refresh,
            Websocket::TYPE => Self::Websocket,
            custom => Self::Custom(custom.to_owned()),
        }
    }

    /// The value of the type claim.
    pub fn name(&self) -> &str {
        match self {
            Self::Access => Access::TYPE,
            Self::Refresh => RefreshKind::TYPE,
            Self::Websocket => Websocket::TYPE,
            Self::Custom(name) => name,
        }
    }
}

/// A generic token to be issued.
#[derive(Debug, Clone)]
pub struct GenericRequest {
    /// Its kind.
    pub kind: GenericKind,
    /// What it says, in this order: anything but our own claims and those of the account, at most
    /// [`ClaimsPolicy::MAX_BYTES`](crate::policy::ClaimsPolicy::MAX_BYTES) with those.
    pub data: ClaimsSet,
    /// How long it lives, in whole seconds from 1 up, at most as long as a session may; a refresh token also no longer
    /// than one may rest, and none of its successors lives on. `None`: as the settings say for its kind.
    pub lifetime: Option<Duration>,
    /// Whose it is, and so what else it says: what the tokens of a sign-in say. `None`: nobody's.
    pub account: Option<AccountId>,
}

/// How issuing a generic token went.
#[derive(Debug)]
pub enum Issue {
    /// The token is out, and its session durable.
    Issued(IssuedToken),
    /// There is no token, and no session.
    Refused(IssueRefusal),
}

/// A generic token.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: SignedToken,
    /// Its `exp`.
    pub expires_at: Timestamp,
    /// The session that it can be ended by.
    pub session: SessionId,
}

/// Why a generic token is not issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueRefusal {
    /// The settings register no such kind.
    #[error("there is no such kind of token")]
    UnknownKind,
    /// It would be dead from the start, or live too long.
    #[error("a lifetime from 1 to {longest_seconds} seconds is needed")]
    UnusableLifetime {
        /// The longest that there is.
        longest_seconds: i64,
    },
    /// The data cannot stand in a token.
    #[error("the data cannot be written")]
    UnfitData(#[source] UnfitClaims),
    /// A hook gives the account claims that each refresh asks for anew: beside them nobody could tell the data, and
    /// what the hook takes back would stay.
    #[error("where a hook gives claims, an account gets no refresh token with data")]
    ClaimsOfAHook,
    /// The account does not exist, is inactive, or may not sign in.
    #[error("the account gets no tokens")]
    AccountRefused,
}

/// What is known of a generic token, or of any other one.
#[derive(Debug)]
pub enum GenericVerification {
    /// It is good.
    Valid(VerifiedToken),
    /// It is refused.
    Refused(TokenRefusal),
}

/// What a good token says.
#[derive(Debug)]
pub struct VerifiedToken {
    /// All its claims, its data among them.
    pub claims: ClaimsSet,
    /// Its `exp`.
    pub expires_at: Timestamp,
    /// Its session; `None` for a token that somebody else minted.
    pub session: Option<SessionId>,
}

/// What revoking a generic token did.
#[derive(Debug)]
pub enum GenericRevocation {
    /// It is refused from now on.
    Revoked,
    /// It was refused already, because it or its session was revoked before.
    AlreadyRevoked,
    /// It is no token that could be accepted: not genuine, expired, or minted elsewhere where such are refused.
    Unknown,
    /// Nobody can tell: the store could not be used. It may be accepted still; asking again is safe.
    Unavailable(AuthorityError),
}

impl GenericRevocation {
    /// The stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::AlreadyRevoked => "already_revoked",
            Self::Unknown => "unknown",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

impl Authority {
    /// Issues a token of any kind, with any data, in a session of its own.
    ///
    /// A refresh token of it is refreshed like any other: it is spent, and its successors keep the data. Tokens of
    /// other kinds do not count as sessions of their account where these are limited; whatever ends all sessions of
    /// the account ends them, too.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use countersign::audit::Actor;
    /// # use countersign::authority::{
    /// #     Authority, AuthorityError, Client, GenericKind, GenericRequest, GenericVerification, Issue,
    /// # };
    /// # use countersign_token::ClaimsSet;
    /// async fn one_hour_for(authority: &Authority, room: &str) -> Result<Option<String>, AuthorityError> {
    ///     let mut data = ClaimsSet::new();
    ///     data.insert("room", room)?;
    ///     let request = GenericRequest {
    ///         kind: GenericKind::Websocket,
    ///         data,
    ///         lifetime: Some(Duration::from_hours(1)),
    ///         account: None,
    ///     };
    ///     let issued = authority.issue(&request, &Actor::System, &Client::default()).await?;
    ///     Ok(match issued {
    ///         Issue::Issued(issued) => Some(issued.token.into_string()),
    ///         Issue::Refused(_) => None,
    ///     })
    /// }
    ///
    /// async fn may_enter(authority: &Authority, token: &str, room: &str) -> Result<bool, AuthorityError> {
    ///     let verified = authority.verify_generic(token, Some(&GenericKind::Websocket)).await?;
    ///     Ok(match verified {
    ///         GenericVerification::Valid(token) => {
    ///             token.claims.get("room").transpose()? == Some(room.to_owned())
    ///         }
    ///         GenericVerification::Refused(_) => false,
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    /// [`AuthorityError`]: there is no token.
    pub async fn issue(
        &self,
        request: &GenericRequest,
        by: &Actor,
        client: &Client<'_>,
    ) -> Result<Issue, AuthorityError> {
        let now = self.clock.now();
        if let Err(refusal) = self.check_request(request) {
            return Ok(Issue::Refused(refusal));
        }
        let account = match request.account {
            None => None,
            Some(id) => match self.accounts.find_account(id).await? {
                Some(account) if self.may_sign_in(&account) => Some(account),
                Some(_) | None => return Ok(Issue::Refused(IssueRefusal::AccountRefused)),
            },
        };
        let session = self
            .generic_session(request, account.as_ref(), client, now)
            .await?;
        let further = match &account {
            None => ClaimsSet::new(),
            Some(account) => {
                let claims = self.claims_at_sign_in(account, session.sid, client, now);
                match claims.await? {
                    Some(claims) => claims,
                    None => return Ok(Issue::Refused(IssueRefusal::AccountRefused)),
                }
            }
        };
        let claims = match self.with_data(further, &request.data)? {
            Ok(claims) => claims,
            Err(unfit) => return Ok(Issue::Refused(IssueRefusal::UnfitData(unfit))),
        };
        let event = AuditEvent::new(now, AuditKind::SessionOpened, by.clone())
            .about(session.account)
            .in_session(session.sid)
            .from_ip(client.ip);
        let opened = self.open_generic(&session, &event).await?;
        let Some(record) = opened else {
            return Ok(Issue::Refused(IssueRefusal::AccountRefused));
        };
        let mut token = self.generic_claims(&request.kind, account.as_ref(), &record)?;
        further::add(&claims, &mut token)?;
        Ok(Issue::Issued(IssuedToken {
            token: self.sign(token)?,
            expires_at: record.refresh_expires_at,
            session: record.sid,
        }))
    }

    /// Verifies a token: is it good now, and of the kind that is expected? The ledger is asked in any case. No account
    /// is looked up.
    ///
    /// # Errors
    /// [`AuthorityError::Store`] if the ledger could not be asked; nothing is accepted then.
    pub async fn verify_generic(
        &self,
        token: &str,
        expected: Option<&GenericKind>,
    ) -> Result<GenericVerification, AuthorityError> {
        let now = self.clock.now();
        let genuine = match self.authenticate(token, now).await? {
            Ok(genuine) => genuine,
            Err(error) => return Ok(GenericVerification::Refused(error.into())),
        };
        let opened = self.open_id(&genuine).await?;
        if let Some(expected) = expected
            && let Err(error) = is_of_kind(&genuine, opened, expected)
        {
            return Ok(GenericVerification::Refused(error.into()));
        }
        Ok(match self.ask_ledger(&genuine, opened, now).await? {
            Ok(session) => GenericVerification::Valid(VerifiedToken {
                claims: genuine.claims()?,
                expires_at: genuine.expires_at(),
                session,
            }),
            Err(refusal) => GenericVerification::Refused(refusal),
        })
    }

    /// Revokes a token, and says what that did. A refresh token ends its session, and where sessions are checked its
    /// access tokens with it; any other token dies alone.
    pub async fn revoke_generic(&self, token: &str, by: &Actor) -> GenericRevocation {
        match self.try_revoke_generic(token, by).await {
            Ok(done) => done,
            Err(error) => GenericRevocation::Unavailable(error),
        }
    }

    async fn try_revoke_generic(
        &self,
        token: &str,
        by: &Actor,
    ) -> Result<GenericRevocation, AuthorityError> {
        let now = self.clock.now();
        let Ok(genuine) = self.authenticate_early(token, now).await? else {
            return Ok(GenericRevocation::Unknown);
        };
        let opened = self.open_id(&genuine).await?;
        let revoked = match opened {
            // Refresh tokens tell by their session's row whether this was the first time; the others by the index.
            Opened::Ours { address, .. }
                if !buys_new_ones(&genuine, opened)
                    && self.is_known_revoked(&genuine, address).await? =>
            {
                return Ok(GenericRevocation::AlreadyRevoked);
            }
            Opened::Ours { address, .. } => {
                self.revoke_generic_address(address, genuine.token_id(), by, now)
                    .await?
            }
            Opened::Foreign => match self.ask_ledger(&genuine, opened, now).await? {
                Ok(_) => self.revoke_foreign(&genuine, by, now).await?,
                Err(TokenRefusal::Ledger(_)) => return Ok(GenericRevocation::AlreadyRevoked),
                Err(_) => return Ok(GenericRevocation::Unknown),
            },
        };
        self.feed.catch_up().await?;
        Ok(match revoked {
            Revoked::Session(_) | Revoked::Token => GenericRevocation::Revoked,
            Revoked::AlreadyEnded(_) => GenericRevocation::AlreadyRevoked,
            Revoked::Refused(_) => GenericRevocation::Unknown,
        })
    }

    /// A token that is alone in its session takes it along where that ends the token; else the token dies by its id.
    async fn revoke_generic_address(
        &self,
        address: TokenAddress,
        token_id: &str,
        by: &Actor,
        now: UnixMillis,
    ) -> Result<Revoked, AuthorityError> {
        if let TokenAddress::Access(at) | TokenAddress::Websocket(at) | TokenAddress::Custom(at) =
            address
            && self.policy.sessions.check == SessionCheck::On
            && let Some(lineage) = self.store.find_session(at.root).await?
            && lineage.session.first_token == FirstToken::Single
        {
            return self.end_by(&lineage.session, by, now).await;
        }
        self.revoke_address(address, token_id, by, now).await
    }

    async fn is_known_revoked(
        &self,
        genuine: &Authenticated,
        address: TokenAddress,
    ) -> Result<bool, AuthorityError> {
        let owner = self.indexed_owner(genuine, Some(address)).await?;
        Ok(self.revoked_by(genuine, Some(address), owner).is_some())
    }

    fn check_request(&self, request: &GenericRequest) -> Result<(), IssueRefusal> {
        if request.kind == GenericKind::Refresh
            && request.account.is_some()
            && self.asks_for_claims_at_refresh()
        {
            return Err(IssueRefusal::ClaimsOfAHook);
        }
        if let GenericKind::Custom(name) = &request.kind
            && !self.policy.tokens.custom_kinds.contains(name)
        {
            return Err(IssueRefusal::UnknownKind);
        }
        let longest_seconds = whole_seconds(self.longest_lifetime(&request.kind));
        let seconds = request.lifetime.map(whole_seconds);
        if seconds.is_some_and(|seconds| !(1..=longest_seconds).contains(&seconds)) {
            return Err(IssueRefusal::UnusableLifetime { longest_seconds });
        }
        Ok(())
    }

    /// As long as a session may last, and a refresh token no longer than it may rest.
    fn longest_lifetime(&self, kind: &GenericKind) -> Duration {
        let sessions = &self.policy.sessions;
        let idle = sessions.idle.filter(|_| *kind == GenericKind::Refresh);
        [sessions.lifetime, idle]
            .into_iter()
            .flatten()
            .fold(TokenPolicy::MAX_LIFETIME, Duration::min)
    }

    fn usual_lifetime(&self, kind: &GenericKind) -> Duration {
        let tokens = &self.policy.tokens;
        let usual = match kind {
            GenericKind::Access | GenericKind::Custom(_) => tokens.access_lifetime,
            GenericKind::Refresh => tokens.refresh_lifetime,
            GenericKind::Websocket => tokens.websocket_lifetime,
        };
        usual.min(self.longest_lifetime(kind))
    }

    /// The session of a generic token, which lives exactly as long as the token does, or as its successors may. Whoever
    /// asks for it is not whoever will use it: no device is recorded.
    async fn generic_session(
        &self,
        request: &GenericRequest,
        account: Option<&Account>,
        client: &Client<'_>,
        now: UnixMillis,
    ) -> Result<NewSession, AuthorityError> {
        let session = match account {
            Some(account) => self.new_session(account, Form::Pair, client, now).await?,
            None => self.new_session_of_nobody(Form::Pair, client, now)?,
        };
        let usual = NewSession {
            device: None,
            ..session
        };
        let lifetime = request
            .lifetime
            .unwrap_or_else(|| self.usual_lifetime(&request.kind));
        let expires_at = later(now.timestamp(), whole_seconds(lifetime));
        if request.kind == GenericKind::Refresh {
            // Who asks for so long a life does not mean one that a refresh makes longer.
            let deadline = request.lifetime.map(|_| expires_at).or(usual.deadline);
            return Ok(NewSession {
                first_token: FirstToken::GenericRefresh,
                refresh_expires_at: expires_at,
                deadline,
                keep_until: later(expires_at, self.keep_beyond_seconds(Form::Pair)),
                ..usual
            });
        }
        let leeway = whole_seconds(self.policy.tokens.leeway);
        Ok(NewSession {
            first_token: FirstToken::Single,
            refresh_expires_at: expires_at,
            keep_until: later(expires_at, leeway),
            limit: None,
            ..usual
        })
    }

    /// What an account's token says besides naming it, and the data behind it.
    fn with_data(
        &self,
        further: ClaimsSet,
        data: &ClaimsSet,
    ) -> Result<Result<ClaimsSet, UnfitClaims>, AuthorityError> {
        let mut claims = further;
        for (name, value) in data.iter() {
            if !self.policy.may_be_data(name) || claims.contains(name) {
                return Ok(Err(UnfitClaims::Own(name.into())));
            }
            claims.insert_raw(name, value)?;
        }
        Ok(self
            .policy
            .tokens
            .check_further_claims(&claims)
            .map(|()| claims))
    }

    /// Opens the session; `None` if its account changed meanwhile.
    async fn open_generic(
        &self,
        session: &NewSession,
        event: &AuditEvent,
    ) -> Result<Option<SessionRecord>, AuthorityError> {
        // The token is signed with the key that signs by now.
        self.feed.freshen().await?;
        let Opening::Opened(record) = self.store.open_session(session, Some(event)).await? else {
            return Ok(None);
        };
        if self.changed_meanwhile(&record, session.created_at).await? {
            return Ok(None);
        }
        if session.limit.is_some() {
            self.feed.catch_up().await?;
        }
        Ok(Some(record))
    }
}

/// Whether a token says that it is of a kind. An id of ours was sealed for it, too, as the ledger will find.
fn is_of_kind(
    genuine: &Authenticated,
    opened: Opened,
    expected: &GenericKind,
) -> Result<(), VerifyError> {
    match expected {
        GenericKind::Access => genuine.has_kind::<Access>()?,
        GenericKind::Refresh => genuine.has_kind::<RefreshKind>()?,
        GenericKind::Websocket => genuine.has_kind::<Websocket>()?,
        GenericKind::Custom(name) if genuine.token_type() == Some(name) => {}
        GenericKind::Custom(_) => return Err(VerifyError::WrongType),
    }
    // Where tokens say no kind, their ids still do.
    let sealed_for = match opened {
        Opened::Ours { address, .. } => address,
        Opened::Foreign => return Ok(()),
    };
    let fits = match sealed_for {
        TokenAddress::Access(_) => *expected == GenericKind::Access,
        TokenAddress::Refresh(_) => *expected == GenericKind::Refresh,
        TokenAddress::Websocket(_) => *expected == GenericKind::Websocket,
        TokenAddress::Custom(_) => matches!(expected, GenericKind::Custom(_)),
        TokenAddress::Sliding(_) => false,
    };
    if fits {
        Ok(())
    } else {
        Err(VerifyError::WrongType)
    }
}
