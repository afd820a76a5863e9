//! `countersign token list`: SimpleJWT's outstanding and blacklisted tokens.

use countersign::authority::{ListedToken, TokenListing, TokenQuery};
use countersign_token::UnixMillis;
use serde::Serialize;

use crate::cli::{Form, ListTokens};
use crate::failure::Failure;
use crate::opening::Opened;
use crate::output;

pub(super) async fn list(opened: &Opened, form: Form, args: &ListTokens) -> Result<(), Failure> {
    let query = TokenQuery {
        user: args.user.as_deref(),
        token_id: args.jti.as_deref(),
        after: args.after.as_deref(),
        limit: args.limit,
    };
    let authority = &opened.authority;
    let listing = if args.blacklisted {
        authority.blacklisted_tokens(&query).await
    } else {
        authority.outstanding_tokens(&query).await
    };
    let TokenListing::Page(page) = listing.map_err(Failure::of)? else {
        return Err(
            Failure::new("there is no such place in the list, or none any more")
                .help("begin again without --after"),
        );
    };
    let tokens: Vec<_> = page.tokens.iter().map(Token::from).collect();
    if form == Form::Json {
        return output::json(&serde_json::json!({ "results": tokens, "next": page.next }));
    }
    let header = ["jti", "user", "created", "expires", "blacklisted"];
    output::rows(form, &header, &tokens, |token| {
        vec![
            token.jti.clone(),
            token.user.clone().unwrap_or_default(),
            token.created_at.clone(),
            token.expires_at.clone(),
            token.blacklisted_at.clone().unwrap_or_default(),
        ]
    })?;
    if let Some(next) = page.next {
        output::remark(&format!("There are more: go on with --after {next}"));
    }
    Ok(())
}

/// A token as programs read it. Moments are RFC 3339, UTC.
#[derive(Serialize)]
struct Token {
    jti: String,
    /// `null` where the user is gone.
    user_id: Option<i64>,
    user: Option<String>,
    created_at: String,
    expires_at: String,
    blacklisted_at: Option<String>,
    label: String,
}

impl From<&ListedToken> for Token {
    fn from(token: &ListedToken) -> Self {
        Self {
            jti: token.token_id.clone(),
            user_id: token.user.as_ref().map(|user| user.id.get()),
            user: token.user.as_ref().map(|user| user.username.clone()),
            created_at: output::moment(token.created_at),
            expires_at: output::moment(UnixMillis::from(token.expires_at)),
            blacklisted_at: token.blacklisted_at.map(output::moment),
            label: token.label(),
        }
    }
}
