//! `GET` and `PATCH user/`: what an owner sees and changes of the own account.

use axum::response::Response;
use countersign::authority::{AccessRefusal, AccountError};
use countersign_token::{ClaimsError, ClaimsSet};

use crate::body::fields::Fields;
use crate::exchange::{Answers, View, Viewed};
use crate::failure;
use crate::posted::Submission;
use crate::signed_in::SignedIn;
use crate::signed_post::SignedPost;
use crate::wire::allauth::{self, FIRST_NAME, LAST_NAME};
use crate::wire::simplejwt;

/// The names that are to change. Whatever else is sent is not looked at, as in the original.
pub(crate) struct Names {
    first: Option<String>,
    last: Option<String>,
}

impl Viewed for Names {
    const VIEW: &'static View = &View {
        name: "User Details",
        description: "Shows the holder of an access token their account, and changes its names.",
        method: Answers::AlsoToPatch,
        fields: &[],
    };
}

impl Submission for Names {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            first: fields.optional_text(FIRST_NAME, LONGEST_NAME),
            last: fields.optional_text(LAST_NAME, LONGEST_NAME),
        }
    }
}

impl Names {
    fn into_attributes(self) -> Result<ClaimsSet, ClaimsError> {
        let mut attributes = ClaimsSet::new();
        for (name, value) in [(FIRST_NAME, self.first), (LAST_NAME, self.last)] {
            if let Some(value) = value {
                attributes.insert(name, value)?;
            }
        }
        Ok(attributes)
    }
}

/// Shows the account.
pub(crate) async fn show(signed_in: SignedIn<Names>) -> Response {
    let SignedIn {
        exchange,
        identified,
        ..
    } = signed_in;
    exchange.answer(allauth::user(&identified.account))
}

/// Changes the names, and shows the account.
pub(crate) async fn change(posted: SignedPost<Names>) -> Response {
    let SignedPost {
        exchange,
        sender,
        identified,
        form,
    } = posted;
    // Accounts of an embedding program are that program's to change.
    if !exchange.authority().keeps_accounts() {
        return exchange.answer(simplejwt::not_found());
    }
    let Ok(attributes) = form.into_attributes() else {
        return exchange.answer(simplejwt::broken());
    };
    let changed = exchange
        .authority()
        .set_own_attributes(&identified, attributes, &sender.client())
        .await;
    exchange.answer(match changed {
        Ok(account) => allauth::user(&account),
        Err(AccountError::Unknown) => simplejwt::access_refused(&AccessRefusal::AccountUnknown),
        Err(AccountError::Authority(error)) => failure::answer(&error),
        Err(error) => allauth::names_refused(&error),
    })
}

/// Django's.
const LONGEST_NAME: usize = 150;
