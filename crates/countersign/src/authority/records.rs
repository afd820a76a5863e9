//! The lists of tokens: outstanding and blacklisted ones, for operators and staff. They decide nothing.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_token::{Timestamp, UnixMillis};

use super::login::is_plausible;
use super::{Authority, AuthorityError};
use crate::account::{AccountId, AccountKey};
use crate::sealed_id::{Opened, SealingError, TokenAddress};
use crate::store::{
    RecordedToken, SealedToken, TokenFilter, TokenList, TokenName, TokenPlace, TokenRecord,
};

/// Which tokens of a list are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenQuery<'a> {
    /// Whose: an account's id, or the name that it signs in with. `None` for everybody's.
    pub user: Option<&'a str>,
    /// The one with this `jti`.
    pub token_id: Option<&'a str>,
    /// The `next` of the page before; `None` for the first page.
    pub after: Option<&'a str>,
    /// How many: 1 to [`TokenQuery::MAX_LIMIT`], and what lies outside counts as the nearest of them.
    pub limit: u32,
}

impl TokenQuery<'_> {
    /// The longest page.
    pub const MAX_LIMIT: u32 = 500;
}

/// What a list answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenListing {
    /// A page of it. Nobody of that name, and no token with that id, is an empty one.
    Page(TokenPage),
    /// What was given as `after` is no place in a list, or none any more; the first page always is.
    UnknownPlace,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPage {
    /// The tokens, in the order of [`TokenPlace`].
    pub tokens: Vec<ListedToken>,
    /// What to ask for the page behind this one with, if there is one. It says nothing to anybody but us.
    pub next: Option<String>,
}

/// A token as the lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedToken {
    /// Its `jti`.
    pub token_id: String,
    /// Whose it is; `None` where the account is gone, or was never known.
    pub user: Option<ListedUser>,
    /// When it was made; a foreign one, when it was first seen, or made as far as an import knows.
    pub created_at: UnixMillis,
    /// Its `exp`, or the end of a sliding token's window.
    pub expires_at: Timestamp,
    /// Since when it is blacklisted, if it is.
    pub blacklisted_at: Option<UnixMillis>,
}

impl ListedToken {
    /// What SimpleJWT calls it: `Token for ann (0123…)`, and `None` in the place of a user who is gone.
    pub fn label(&self) -> String {
        let user = self.user.as_ref().map_or("None", |user| &user.username);
        format!("Token for {user} ({})", self.token_id)
    }
}

/// The owner of a listed token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUser {
    /// The account.
    pub id: AccountId,
    /// The name that it signs in with.
    pub username: String,
}

impl Authority {
    /// Lists the refresh and sliding tokens on record: the current one of each session, ended or not; those that
    /// were rotated out, with `[blacklist] history`; and those that somebody else minted and we know of.
    ///
    /// # Errors
    /// [`AuthorityError`] if they could not be read.
    ///
    /// # Source
    /// SimpleJWT's `OutstandingToken`, which it lists by user id and `jti`.
    pub async fn outstanding_tokens(
        &self,
        query: &TokenQuery<'_>,
    ) -> Result<TokenListing, AuthorityError> {
        self.list_tokens(TokenList::Outstanding, query).await
    }

    /// Lists those of the outstanding tokens that are blacklisted.
    ///
    /// # Errors
    /// [`AuthorityError`] if they could not be read.
    ///
    /// # Source
    /// SimpleJWT's `BlacklistedToken`.
    pub async fn blacklisted_tokens(
        &self,
        query: &TokenQuery<'_>,
    ) -> Result<TokenListing, AuthorityError> {
        self.list_tokens(TokenList::Blacklisted, query).await
    }

    async fn list_tokens(
        &self,
        list: TokenList,
        query: &TokenQuery<'_>,
    ) -> Result<TokenListing, AuthorityError> {
        let after = match query.after.map(|cursor| self.place_of(cursor)) {
            None => None,
            Some(None) => return Ok(TokenListing::UnknownPlace),
            Some(Some(place)) => Some(place),
        };
        let account = match query.user {
            None => None,
            Some(user) => match self.account_searched(user).await? {
                None => return Ok(TokenListing::Page(TokenPage::EMPTY)),
                known => known,
            },
        };
        let filter = TokenFilter { list, account };
        let page = match query.token_id {
            Some(id) => self.one_token(&filter, id).await?,
            None => {
                self.page_of_tokens(&filter, after.as_ref(), query.limit)
                    .await?
            }
        };
        Ok(TokenListing::Page(page))
    }

    async fn page_of_tokens(
        &self,
        filter: &TokenFilter,
        after: Option<&TokenPlace>,
        limit: u32,
    ) -> Result<TokenPage, AuthorityError> {
        let limit = limit.clamp(1, TokenQuery::MAX_LIMIT);
        let length = usize::try_from(limit).unwrap_or(usize::MAX);
        // One more than is shown tells whether there is another page.
        let mut records = self.store.list_tokens(filter, after, limit + 1).await?;
        let is_last = records.len() <= length;
        records.truncate(length);
        let next = match records.last() {
            Some(last) if !is_last => Some(self.cursor(&last.token)?),
            Some(_) | None => None,
        };
        let tokens = self.named(records).await?;
        Ok(TokenPage { tokens, next })
    }

    async fn one_token(
        &self,
        filter: &TokenFilter,
        token_id: &str,
    ) -> Result<TokenPage, AuthorityError> {
        let name = match self.open_token_id(token_id).await? {
            Opened::Ours { address, .. } => match address {
                TokenAddress::Refresh(at) | TokenAddress::Sliding(at) => {
                    TokenName::Ours(at.session, at.generation)
                }
                TokenAddress::Access(_) | TokenAddress::Websocket(_) | TokenAddress::Custom(_) => {
                    return Ok(TokenPage::EMPTY);
                }
            },
            Opened::Foreign => TokenName::Foreign(token_id.to_owned()),
        };
        let found = self.store.find_token(&name).await?.filter(|record| {
            let account_fits = filter.account.is_none() || filter.account == record.account;
            let list_fits =
                filter.list == TokenList::Outstanding || record.blacklisted_at.is_some();
            account_fits && list_fits
        });
        let mut tokens = self.named(found.into_iter().collect()).await?;
        // An id may open to a place without being the id of what is there: under another key, salt or kind.
        tokens.retain(|token| token.token_id == token_id);
        Ok(TokenPage { tokens, next: None })
    }

    /// An id comes before a name of digits, lest a name that somebody chose stands for another one's id; and an id
    /// that no account has any more is still searched for.
    async fn account_searched(&self, user: &str) -> Result<Option<AccountId>, AuthorityError> {
        let number = user.parse().ok().map(AccountId::new);
        let id = number.filter(|id| id.to_string() == user);
        if let Some(id) = id
            && self.accounts.find_account(id).await?.is_some()
        {
            return Ok(Some(id));
        }
        if !is_plausible(user) {
            return Ok(id);
        }
        let key = AccountKey::Username(user);
        let found = self.accounts.find_account_by(key).await?;
        Ok(found.map(|account| account.id).or(id))
    }

    /// Adds ids and users. All names of a page are read at once.
    async fn named(&self, records: Vec<TokenRecord>) -> Result<Vec<ListedToken>, AuthorityError> {
        if records.iter().any(|record| self.lacks_key_of(record)) {
            // Another node may have added one.
            self.keys.reload_sealing_keys(self.store.as_ref()).await?;
        }
        let mut accounts: Vec<_> = records.iter().filter_map(|record| record.account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let names: BTreeMap<_, _> = match accounts.as_slice() {
            [] => BTreeMap::new(),
            accounts => self
                .accounts
                .usernames_of(accounts)
                .await?
                .into_iter()
                .collect(),
        };
        let mut listed = Vec::with_capacity(records.len());
        for record in records {
            // A key that is gone sealed no token that could still be valid.
            let Some(token_id) = self.id_of(&record.token)? else {
                continue;
            };
            let user = record.account.and_then(|id| {
                let username = names.get(&id)?.clone();
                Some(ListedUser { id, username })
            });
            listed.push(ListedToken {
                token_id,
                user,
                created_at: record.created_at,
                expires_at: record.expires_at,
                blacklisted_at: record.blacklisted_at,
            });
        }
        Ok(listed)
    }

    fn lacks_key_of(&self, record: &TokenRecord) -> bool {
        match &record.token {
            RecordedToken::Current(token) | RecordedToken::RotatedOut(token) => {
                self.keys.sealing().get(token.key).is_none()
            }
            RecordedToken::Foreign(_) => false,
        }
    }

    /// The `jti`; `None` where the key that sealed it is gone.
    fn id_of(&self, token: &RecordedToken) -> Result<Option<String>, SealingError> {
        match token {
            RecordedToken::Current(token) | RecordedToken::RotatedOut(token) => {
                let ring = self.keys.sealing();
                let key = ring.get(token.key);
                key.map(|key| key.seal(token.address())).transpose()
            }
            RecordedToken::Foreign(id) => Ok(Some(id.clone())),
        }
    }

    /// What stands for a token's place. Session numbers leave the store only sealed, here under the newest key.
    fn cursor(&self, token: &RecordedToken) -> Result<String, SealingError> {
        let seal = |token: &SealedToken| {
            let ring = self.keys.sealing();
            let key = ring.newest().ok_or(SealingError)?;
            key.seal(TokenAddress::Refresh(token.at))
        };
        let text = match token {
            RecordedToken::Current(token) => format!("{CURRENT}{}", seal(token)?),
            RecordedToken::RotatedOut(token) => format!("{ROTATED_OUT}{}", seal(token)?),
            RecordedToken::Foreign(id) => format!("{FOREIGN}{id}"),
        };
        Ok(URL_SAFE_NO_PAD.encode(text))
    }

    /// The place that a cursor stands for.
    fn place_of(&self, cursor: &str) -> Option<TokenPlace> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (part, id) = text.split_at_checked(1)?;
        let at = match self.keys.open(id) {
            Opened::Ours {
                address: TokenAddress::Refresh(at),
                ..
            } => Some(at),
            Opened::Ours { .. } | Opened::Foreign => None,
        };
        match part {
            CURRENT => at.map(|at| TokenPlace::Current(at.session)),
            ROTATED_OUT => at.map(|at| TokenPlace::RotatedOut(at.session, at.generation)),
            FOREIGN => Some(TokenPlace::Foreign(id.to_owned())),
            _ => None,
        }
    }
}

impl TokenPage {
    pub(super) const EMPTY: Self = Self {
        tokens: Vec::new(),
        next: None,
    };
}

// How cursors begin: the part of the list.
const CURRENT: &str = "c";
const ROTATED_OUT: &str = "r";
const FOREIGN: &str = "f";
