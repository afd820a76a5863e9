//! The device that a session was opened from: what its client says of itself, and where it was.
//!
//! It decides nothing and proves nothing: whoever holds a password can say anything. It helps people to recognize their
//! sessions. So nothing here fails: what does not fit is cut, and what cannot be told is left out.

mod forms;
mod user_agent;

use std::net::IpAddr;

use crate::authority::Client;

use self::user_agent::Told;

/// What is known of a device. A field that is `None` is not known.
///
/// # Invariants
/// Those that [`Device::of`] makes have texts of at most [`Device::MAX_TEXT_CHARACTERS`], a user agent of at most
/// [`Device::MAX_USER_AGENT_BYTES`], and no control characters in either.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// Whether it is a phone or another device for one hand. A crawler may pretend to be one.
    pub is_mobile: Option<bool>,
    /// Whether it is a tablet.
    pub is_tablet: Option<bool>,
    /// Whether it is a desktop computer or a laptop.
    pub is_pc: Option<bool>,
    /// Whether it is a crawler.
    pub is_bot: Option<bool>,
    /// The family of the browser or client, such as `Firefox`; `Other` if there is no name for it.
    pub browser: Option<String>,
    /// Its version, such as `125.0`; may be empty.
    pub browser_version: Option<String>,
    /// The family of the operating system; `Other` if there is no name for it.
    pub os: Option<String>,
    /// Its version; may be empty.
    pub os_version: Option<String>,
    /// The family of the device, such as `iPhone`; `Other` if there is no name for it, as for most computers.
    pub device: Option<String>,
    /// Who makes it.
    pub device_brand: Option<String>,
    /// Which model it is.
    pub device_model: Option<String>,
    /// The user agent itself.
    pub user_agent: Option<String>,
}

impl Device {
    /// The most characters of a text.
    pub const MAX_TEXT_CHARACTERS: usize = 32;
    /// The most bytes of a user agent; what follows is neither kept nor looked at.
    pub const MAX_USER_AGENT_BYTES: usize = 512;

    /// Reads what a client says of itself; `None` if that is nothing at all.
    ///
    /// The first call of a process takes a tenth of a second longer, and [`prepare`](Self::prepare) takes it beforehand.
    ///
    /// # Source
    /// jwt-allauth's `BaseToken`, and the rules of the Python package `user-agents` on the data of uap-core.
    pub async fn of(client: &Client<'_>) -> Option<Self> {
        if client.user_agent.is_none() && client.ip.is_none() {
            return None;
        }
        let user_agent = client.user_agent.map(bounded);
        let told = match user_agent.as_deref() {
            Some(text) if !text.is_empty() => user_agent::read(text.to_owned()).await,
            _ => Some(Told::nothing()),
        };
        Some(Self {
            ip: client.ip.map(|ip| ip.to_canonical()),
            user_agent,
            ..told.as_ref().map(Self::told).unwrap_or_default()
        })
    }

    /// Makes ready what [`of`](Self::of) needs for this client.
    pub async fn prepare(client: &Client<'_>) {
        if client.user_agent.is_some_and(|text| !text.is_empty()) {
            user_agent::prepare().await;
        }
    }

    fn told(told: &Told) -> Self {
        Self {
            is_mobile: Some(told.forms.mobile),
            is_tablet: Some(told.forms.tablet),
            is_pc: Some(told.forms.pc),
            is_bot: Some(told.is_bot()),
            browser: Some(short(&told.browser)),
            browser_version: Some(short(&told.browser_version)),
            os: Some(short(&told.os)),
            os_version: Some(short(&told.os_version)),
            device: Some(short(&told.device)),
            device_brand: told.brand.as_deref().map(short),
            device_model: told.model.as_deref().map(short),
            ..Self::default()
        }
    }
}

/// A user agent as it is kept and looked at.
fn bounded(text: &str) -> String {
    let end = text.floor_char_boundary(Device::MAX_USER_AGENT_BYTES);
    let (kept, _) = text.split_at(end);
    kept.chars().filter(|c| !c.is_control()).collect()
}

fn short(text: &str) -> String {
    text.chars().take(Device::MAX_TEXT_CHARACTERS).collect()
}

#[cfg(test)]
mod tests;
