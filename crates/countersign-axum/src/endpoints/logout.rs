//! `POST /api/logout/`: signs out, with the refresh token in the body or else with the token in the header.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use countersign::authority::{LoggedOut, OwnEnding};

use crate::api::Api;
use crate::body::members::{MemberFault, Members, Object, Sent};
use crate::client::Sender;
use crate::owner::Owner;
use crate::problem::Problem;
use crate::wire::sessions;

/// The refresh token to give back, if there is one.
pub(crate) struct GivenBack(Option<String>);

impl Object for GivenBack {
    fn take(members: &mut Members) -> Result<Self, MemberFault> {
        Ok(Self(members.text(REFRESH)?))
    }
}

/// Signs out. The refresh token proves itself; a token in the header, too, must then be of the same account.
pub(crate) async fn logout(
    State(api): State<Arc<Api>>,
    owner: Option<Owner>,
    sender: Sender,
    Sent(GivenBack(refresh)): Sent<GivenBack>,
) -> Result<Response, Problem> {
    match (refresh, owner) {
        (Some(refresh), owner) => {
            let signed_in = owner.map(|owner| owner.account());
            let client = sender.client();
            match api.authority.logout(&refresh, signed_in, &client).await? {
                LoggedOut::Done | LoggedOut::Already => Ok(done()),
                LoggedOut::OtherAccount => Err(Problem::OtherAccount),
                LoggedOut::Refused(refusal) => Ok(sessions::token_refused(&api, &refusal)),
            }
        }
        (None, Some(owner)) => match owner.sessions().log_out().await? {
            OwnEnding::Ended => Ok(done()),
            OwnEnding::Unknown => Err(MemberFault::Missing(REFRESH).into()),
        },
        (None, None) => Err(MemberFault::Missing(REFRESH).into()),
    }
}

fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

const REFRESH: &str = "refresh";
