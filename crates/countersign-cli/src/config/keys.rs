//! The signing key that a configuration names: read, weighed, and compared with its public half.

use countersign_token::{Algorithm, SigningKey, VerificationKey};
use zeroize::Zeroizing;

use super::diagnostics::{Place, Problem};
use super::file::is_readable_by_others;
use super::settings::Settings;

/// The signing key that was configured, if one was.
pub(super) fn signing_key(
    settings: &Settings,
    algorithm: Algorithm,
) -> Result<Option<SigningKey>, Problem> {
    let Some((name, text)) = signing_key_text(settings)? else {
        return match settings.place(verifying_key_name(settings)) {
            Place::Nowhere => Ok(None),
            _ => Err(lonely_verifying_key(settings)),
        };
    };
    let key = if algorithm.is_symmetric() {
        refuse_sample(settings, name, &text, advice(algorithm))?;
        SigningKey::from_secret(algorithm, text.as_bytes())
    } else {
        SigningKey::from_pem(algorithm, &text)
    };
    let key = key.map_err(|error| {
        settings
            .problem(name, format!("`{name}`: {error}"))
            .help(advice(algorithm))
    })?;
    refuse_sample_key(settings, name, &key)?;
    compare_with_public_half(settings, &key)?;
    Ok(Some(key))
}

/// Warns of a key that Django drew for development: random, and in the repository of whoever uses it. A site that
/// runs with it can only be taken over with it.
pub(super) fn warning(settings: &Settings) -> Result<Option<Problem>, Problem> {
    let Some((name, text)) = signing_key_text(settings)? else {
        return Ok(None);
    };
    Ok(text.starts_with(DRAWN_BY_DJANGO).then(|| {
        settings
            .problem(
                name,
                format!("`{name}` was drawn by Django for development: whoever has seen the site's code knows it"),
            )
            .help("let its tokens expire under `[foreign] until`, then sign with a key of your own")
    }))
}

/// The text of the signing key with the setting that it comes from.
fn signing_key_text(
    settings: &Settings,
) -> Result<Option<(&'static str, Zeroizing<String>)>, Problem> {
    match choose(settings, INLINE, FILE)? {
        Some(INLINE) => Ok(settings
            .secret(INLINE)
            .map(|secret| (INLINE, Zeroizing::new(secret.expose().to_owned())))),
        Some(_) => {
            read_key_file(settings, FILE, Audience::OwnerOnly).map(|text| Some((FILE, text)))
        }
        None => Ok(None),
    }
}

/// Of a setting and its `_file` twin, the one that counts: the environment beats the file.
fn choose(
    settings: &Settings,
    inline: &'static str,
    file: &'static str,
) -> Result<Option<&'static str>, Problem> {
    match (settings.place(inline), settings.place(file)) {
        (Place::Nowhere, Place::Nowhere) => Ok(None),
        (_, Place::Nowhere) | (Place::Environment(_), Place::File(_)) => Ok(Some(inline)),
        (Place::Nowhere, _) | (Place::File(_), Place::Environment(_)) => Ok(Some(file)),
        _ => Err(settings
            .problem(file, format!("`{inline}` and `{file}` are both set"))
            .help("keep one of them")),
    }
}

fn verifying_key_name(settings: &Settings) -> &'static str {
    match settings.place(PUBLIC_INLINE) {
        Place::Nowhere => PUBLIC_FILE,
        _ => PUBLIC_INLINE,
    }
}

fn lonely_verifying_key(settings: &Settings) -> Problem {
    let name = verifying_key_name(settings);
    settings
        .problem(name, format!("`{name}` is set without `jwt.signing_key`"))
        .help("set `jwt.signing_key`, or leave both out: the program then makes its own keys and publishes the public half")
}

fn compare_with_public_half(settings: &Settings, key: &SigningKey) -> Result<(), Problem> {
    if key.algorithm().is_symmetric() {
        return Ok(());
    }
    let text = match choose(settings, PUBLIC_INLINE, PUBLIC_FILE)? {
        Some(PUBLIC_INLINE) => settings.text(PUBLIC_INLINE).unwrap_or_default().to_owned(),
        Some(_) => read_key_file(settings, PUBLIC_FILE, Audience::Everybody)?.to_string(),
        None => return Ok(()),
    };
    if text.trim().is_empty() {
        return Ok(());
    }
    let name = verifying_key_name(settings);
    let public = VerificationKey::from_pem(key.algorithm(), &text).map_err(|error| {
        settings
            .problem(name, format!("`{name}`: {error}"))
            .help(NO_PUBLIC_HALF)
    })?;
    if public.key_id() == key.key_id() {
        return Ok(());
    }
    Err(settings
        .problem(
            name,
            format!("`{name}` is not the public half of `jwt.signing_key`"),
        )
        .help(NO_PUBLIC_HALF))
}

/// Who may read a key file.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Audience {
    OwnerOnly,
    Everybody,
}

pub(super) fn read_key_file(
    settings: &Settings,
    name: &str,
    audience: Audience,
) -> Result<Zeroizing<String>, Problem> {
    let path = settings.resolve(settings.text(name).unwrap_or_default());
    let shown = crate::output::printable(&path.display().to_string());
    let text = std::fs::read_to_string(&path)
        .map(Zeroizing::new)
        .map_err(|error| {
            settings
                .problem(name, format!("`{name}`: {shown} cannot be read: {error}"))
                .help("name a file that this user can read; a relative path is beside the configuration file")
        })?;
    if audience == Audience::OwnerOnly && is_readable_by_others(&path) {
        let problem = settings.problem(
            name,
            format!("`{name}`: {shown} can be read by others than its owner"),
        );
        return Err(problem.help(format!("chmod 600 {shown}")));
    }
    let line = text.strip_suffix('\n').map_or(text.as_str(), |text| {
        text.strip_suffix('\r').unwrap_or(text)
    });
    Ok(Zeroizing::new(line.to_owned()))
}

/// Refuses secrets that stand in somebody's documentation, and patterns that only look long.
pub(super) fn refuse_sample(
    settings: &Settings,
    name: &str,
    text: &str,
    advice: &str,
) -> Result<(), Problem> {
    let lower = Zeroizing::new(text.to_lowercase());
    let sample =
        SAMPLE_SECRETS.contains(&text) || SAMPLE_PARTS.iter().any(|part| lower.contains(part));
    let message = if sample {
        format!("`{name}` is a sample from a documentation: everybody knows it")
    } else if distinct_bytes(text) < FEWEST_DISTINCT_BYTES && text.len() >= 32 {
        format!("`{name}` repeats a few characters: it can be guessed")
    } else {
        return Ok(());
    };
    Err(settings.problem(name, message).help(advice))
}

/// Refuses key pairs that stand in somebody's documentation, in whatever form they are given.
fn refuse_sample_key(settings: &Settings, name: &str, key: &SigningKey) -> Result<(), Problem> {
    let thumbprint = key.verification_key().thumbprint();
    if thumbprint.is_some_and(|thumbprint| SAMPLE_THUMBPRINTS.contains(&thumbprint.as_str())) {
        let message = format!("`{name}` is a sample from a documentation: everybody knows it");
        return Err(settings
            .problem(name, message)
            .help(advice(key.algorithm())));
    }
    Ok(())
}

fn distinct_bytes(text: &str) -> usize {
    text.bytes()
        .collect::<std::collections::BTreeSet<_>>()
        .len()
}

fn advice(algorithm: Algorithm) -> &'static str {
    if algorithm.is_symmetric() {
        "make one with `openssl rand -base64 48`, or leave it out: the program then makes its own and keeps it, wrapped, in the store"
    } else {
        "leave it out: the program then makes its own and keeps it, wrapped, in the store"
    }
}

const INLINE: &str = "jwt.signing_key";
const FILE: &str = "jwt.signing_key_file";
const PUBLIC_INLINE: &str = "jwt.verifying_key";
const PUBLIC_FILE: &str = "jwt.verifying_key_file";

const NO_PUBLIC_HALF: &str = "leave it out: the public half is derived from the signing key";

const FEWEST_DISTINCT_BYTES: usize = 8;

/// Secrets in public documents, whole: RFC 7515 appendix A.1, and the pages that people paste tokens into.
const SAMPLE_SECRETS: &[&str] = &[
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    "a-string-secret-at-least-256-bits-long",
    "your-256-bit-secret",
    "0123456789abcdef0123456789abcdef",
];

/// What `startproject` puts before the key that it draws.
const DRAWN_BY_DJANGO: &str = "django-insecure-";

/// What secrets are called in examples, in lower case.
const SAMPLE_PARTS: &[&str] = &[
    "change-me",
    "change_me",
    "changeme",
    "change this",
    "replace-me",
    "replace-with",
    "replace-this",
    "your-secret",
    "your_secret",
    "my-secret-key",
    "supersecret",
    "super-secret",
    "example-secret",
    "secret-key-here",
    "string-secret-",
    "correct horse battery staple",
];

/// Thumbprints (RFC 7638) of the key pairs of a well-known token page and of RFC 7515, 7517, 7520 and 8037.
const SAMPLE_THUMBPRINTS: &[&str] = &[
    "oGDmHqCJ7yzMkWEkrlZVHkvrHIyQwtlDmeq5ForUHeY",
    "19J8y7Zprt2-QKLjF2I5pVk0OELX6cY2AfaAv1LC_w8",
    "IsUn6_e04MaShXFIISMp4kG62LWzMIPy_MvSA5pJgX8",
    "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
    "u5YUSjQ2-2chBi51NSk3t3g7IM4o2KYcnPqPtCNGd3U",
    "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s",
    "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
    "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI",
    "dHri3SADZkrush5HU_50AoRhcKFryN-PI6jPBtPL55M",
    "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
];
