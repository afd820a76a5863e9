//! The extractors of a program's own routes: whoever holds a good token, and what it says.

use std::fmt;

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::response::Response;
use countersign_token::{Access, TokenKind, Verified};
use serde::de::DeserializeOwned;

use crate::gate::Gate;
use crate::wire::simplejwt;

/// The holder of a good token of kind `K`, as the [`Gate`] in the program's state judges.
///
/// The token names somebody: its `subject` is there. Everybody else gets `SimpleJWT`'s 401.
///
/// `Option<Bearer<K>>` lets those through who show nothing. `None` is a request without the header, and only that: a bad
/// token, a second header, another scheme are refused there, too, for whoever shows something means to be somebody.
///
/// ```
/// use countersign_axum::Bearer;
/// use countersign_token::Access;
///
/// async fn greet(holder: Option<Bearer<Access>>) -> String {
///     match holder {
///         Some(Bearer(token)) => format!("welcome back, {}", token.subject().unwrap_or_default()),
///         None => "welcome".to_owned(),
///     }
/// }
/// ```
///
/// Behind a [layer](Gate::layer), `Extension<Bearer<K>>` has it as well, in programs without state.
///
/// # What it is not
/// No account. What was read of one to judge the token is gone; what counts here is what the token says.
pub struct Bearer<K>(pub Verified<K>);

impl<S, K> FromRequestParts<S> for Bearer<K>
where
    S: Send + Sync,
    Gate: FromRef<S>,
    K: TokenKind + 'static,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        Gate::from_ref(state).admit(parts).await
    }
}

impl<S, K> OptionalFromRequestParts<S> for Bearer<K>
where
    S: Send + Sync,
    Gate: FromRef<S>,
    K: TokenKind + 'static,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Response> {
        let gate = Gate::from_ref(state);
        if gate.is_shown_nothing(parts) {
            return Ok(None);
        }
        gate.admit(parts).await.map(Some)
    }
}

impl<K> Clone for Bearer<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K> fmt::Debug for Bearer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bearer").field(&self.0).finish()
    }
}

/// The claims of a good access token, as a type of the program's own.
///
/// An access token whose claims do not fit the type is a token for something else: 401, as everybody without one gets.
///
/// ```
/// use countersign_axum::Claims;
///
/// #[derive(serde::Deserialize)]
/// struct Crew {
///     team: String,
///     #[serde(default)]
///     boats: Vec<String>,
/// }
///
/// async fn crew(Claims(crew): Claims<Crew>) -> String {
///     format!("{} may take out {}", crew.team, crew.boats.join(", "))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Claims<T>(pub T);

impl<S, T> FromRequestParts<S> for Claims<T>
where
    S: Send + Sync,
    Gate: FromRef<S>,
    T: DeserializeOwned,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let gate = Gate::from_ref(state);
        let Bearer(token) = gate.admit::<Access>(parts).await?;
        // Why they do not fit would be told with their values, which may be personal.
        let claims = token.claims_as().map(Self);
        claims.map_err(|_| gate.refuse(simplejwt::claims_unfit()))
    }
}
