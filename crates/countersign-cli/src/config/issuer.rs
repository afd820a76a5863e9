//! `jwt.jwk_url`: where another issuer publishes the keys that its tokens are verified with.

use countersign::Policy;
use countersign::policy::{ForeignTokenPolicy, KeyIdInHeader};
use countersign_token::remote::{KeySetUrl, KeySetUrlError};

use super::diagnostics::Problem;
use super::settings::Settings;

/// The address, if there is one in effect, and what is odd about it.
pub(super) fn jwk_url(
    settings: &Settings,
    policy: &Policy,
) -> Result<(Option<KeySetUrl>, Vec<Problem>), Problem> {
    let text = settings.text(NAME).unwrap_or_default();
    if text.is_empty() {
        return Ok((None, Vec::new()));
    }
    let url = KeySetUrl::parse(text).map_err(|error| {
        settings
            .problem(NAME, format!("`{NAME}`: {error}"))
            .help(remedy(error))
    })?;
    if policy.tokens.algorithm.is_symmetric() {
        let message = format!(
            "`{NAME}` has no effect: {} verifies with a shared secret, which nobody publishes",
            policy.tokens.algorithm
        );
        let help = "leave it out, or set `jwt.algorithm` to the issuer's";
        return Ok((None, vec![settings.problem(NAME, message).help(help)]));
    }
    Ok((Some(url), oddities(settings, policy)))
}

/// What works, but hardly as it was meant.
fn oddities(settings: &Settings, policy: &Policy) -> Vec<Problem> {
    let mut oddities = Vec::new();
    if policy.foreign != ForeignTokenPolicy::Signed {
        let message =
            format!("`{NAME}` lets nobody in: tokens that somebody else minted are refused");
        let help = "set `foreign.refresh = \"signed\"`";
        oddities.push(settings.problem(NAME, message).help(help));
    }
    if policy.tokens.key_id != KeyIdInHeader::Always {
        let message = format!(
            "with `{NAME}` a token must name its key, and those that are signed here need not: \
             this server may refuse its own"
        );
        let help = "set `keys.kid = \"always\"`, unless sign-ins here are of no use";
        oddities.push(settings.problem(NAME, message).help(help));
    }
    oddities
}

fn remedy(error: KeySetUrlError) -> &'static str {
    match error {
        KeySetUrlError::Credentials => "name an address that needs none: the keys are public",
        KeySetUrlError::PlainHttp => {
            "use `https://`; `http://` is for addresses such as `127.0.0.1` and `localhost`"
        }
        _ => "such as `https://id.example/.well-known/jwks.json`, or `\"\"` for none",
    }
}

const NAME: &str = "jwt.jwk_url";
