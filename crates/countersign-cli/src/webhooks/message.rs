//! What services are sent: one JSON object.

use std::net::IpAddr;

use aws_lc_rs::rand;
use countersign::account::Account;
use countersign::authority::Client;
use countersign::hooks::{ClaimsRequest, Occasion, SignedIn};
use countersign::session::SessionId;
use countersign_token::UnixMillis;
use serde::Serialize;
use serde_json::value::RawValue;

/// A message, written down.
pub(super) struct Message {
    id: String,
    body: String,
}

impl Message {
    /// The question for claims.
    pub(super) fn claims(request: &ClaimsRequest<'_>) -> serde_json::Result<Self> {
        let occasion = match request.occasion {
            Occasion::SignIn => "sign_in",
            Occasion::Refresh => "refresh",
        };
        let written = Written {
            event: "claims",
            occasion: Some(occasion),
            ..Written::about(request.account, request.session, request.client, request.at)?
        };
        written.finish()
    }

    /// The news of a sign-in.
    pub(super) fn login(event: &SignedIn<'_>) -> serde_json::Result<Self> {
        Written::about(event.account, Some(event.session), event.client, event.at)?.finish()
    }

    /// The number of the message, which none before had.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The text that is signed and sent.
    pub(super) fn body(&self) -> &str {
        &self.body
    }
}

#[derive(Serialize)]
struct Written<'a> {
    id: String,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    occasion: Option<&'static str>,
    /// Whole seconds since the epoch.
    timestamp: i64,
    session: Option<String>,
    account: WrittenAccount<'a>,
    client: WrittenClient<'a>,
}

/// An account. The password is no part of it, in no form.
#[derive(Serialize)]
struct WrittenAccount<'a> {
    id: i64,
    uuid: String,
    username: &'a str,
    email: &'a str,
    email_verified: bool,
    is_staff: bool,
    is_superuser: bool,
    role: i64,
    attributes: Box<RawValue>,
}

#[derive(Serialize)]
struct WrittenClient<'a> {
    ip: Option<IpAddr>,
    user_agent: Option<&'a str>,
}

impl<'a> Written<'a> {
    fn about(
        account: &'a Account,
        session: Option<SessionId>,
        client: &'a Client<'a>,
        at: UnixMillis,
    ) -> serde_json::Result<Self> {
        Ok(Self {
            id: String::new(),
            event: "login",
            occasion: None,
            timestamp: at.timestamp().seconds(),
            session: session.map(|session| session.to_string()),
            account: WrittenAccount {
                id: account.id.get(),
                uuid: account.uuid.to_string(),
                username: &account.username,
                email: &account.email,
                email_verified: account.email_verified,
                is_staff: account.privileges.staff,
                is_superuser: account.privileges.superuser,
                role: account.role,
                attributes: RawValue::from_string(account.attributes.to_json())?,
            },
            client: WrittenClient {
                ip: client.ip,
                user_agent: client.user_agent,
            },
        })
    }

    fn finish(mut self) -> serde_json::Result<Message> {
        let mut bytes = [0; 16];
        rand::fill(&mut bytes).map_err(serde::ser::Error::custom)?;
        self.id = format!("{:032x}", u128::from_be_bytes(bytes));
        Ok(Message {
            body: serde_json::to_string(&self)?,
            id: self.id,
        })
    }
}
