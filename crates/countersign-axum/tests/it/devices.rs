//! The device that a sign-in leaves behind, and whose address it has.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use countersign::Preset;
use countersign::device::Device;
use countersign_axum::TrustedProxies;

use crate::site::{OBTAIN, PASSWORD, SLIDING, Site, credentials, send};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0";

/// Alice's credentials with some further headers.
fn sign_in(site: &Site, path: &str, headers: HeaderMap) -> Request<Body> {
    let mut request = site.anonymous().request(Method::POST, path);
    request.headers_mut().extend(headers);
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    *request.body_mut() = Body::from(credentials("alice", PASSWORD));
    request
}

fn headers(lines: &[(&'static str, &[u8])]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

/// Signs alice in; what is recorded of the device.
async fn device_of(site: &Site, router: &Router, path: &str, headers: HeaderMap) -> Option<Device> {
    let reply = send(router, sign_in(site, path, headers)).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let store = site.authority.store();
    let alice = site.account("alice").await.id;
    let newest = store.live_sessions_of(alice).await.unwrap()[0].number;
    store.devices_of(&[newest]).await.unwrap().remove(&newest)
}

#[tokio::test]
async fn a_sign_in_records_its_device() {
    let site = Site::modern().await;
    let expected = Device {
        ip: Some("203.0.113.7".parse().unwrap()),
        is_mobile: Some(false),
        is_tablet: Some(false),
        is_pc: Some(true),
        is_bot: Some(false),
        browser: Some("Firefox".to_owned()),
        browser_version: Some("125.0".to_owned()),
        os: Some("Linux".to_owned()),
        os_version: Some(String::new()),
        device: Some("Other".to_owned()),
        device_brand: None,
        device_model: None,
        user_agent: Some(FIREFOX.to_owned()),
    };
    for path in [OBTAIN, SLIDING] {
        let headers = headers(&[("user-agent", FIREFOX.as_bytes())]);
        let device = device_of(&site, &site.router, path, headers).await;
        assert_eq!(device.as_ref(), Some(&expected), "{path}");
    }
}

#[tokio::test]
async fn nothing_is_recorded_where_devices_are_not_collected() {
    let without = Site::with(Preset::Modern, |policy| policy.collect_devices = false);
    for site in [without.await, Site::simplejwt().await] {
        let headers = headers(&[("user-agent", FIREFOX.as_bytes())]);
        assert_eq!(device_of(&site, &site.router, OBTAIN, headers).await, None);
    }
}

#[tokio::test]
async fn s03_no_user_agent_and_no_address_fails_a_sign_in() {
    let site = Site::modern().await;
    let proxies = TrustedProxies::parse(["203.0.113.7"]).unwrap();
    let router = proxies.before(site.router.clone());
    let huge = b"Mozilla/5.0 (".repeat(2_000);
    let addresses = b"203.0.113.7,".repeat(2_000);
    let rows: [(&[u8], &[u8], &str); 8] = [
        (b"", b"", "203.0.113.7"),
        (b"zzz", b"unknown", "203.0.113.7"),
        (b"\xff\xfe\xfd", b"\xff", "203.0.113.7"),
        (&huge, &addresses, "203.0.113.7"),
        (b"\t\t", b"\t,\t", "203.0.113.7"),
        (b"$1 \\ %00 ' \" <script>", b"192.0.2.1'--", "203.0.113.7"),
        (
            "Größe 日本 🦀".as_bytes(),
            b"2001:db8::1%eth0",
            "203.0.113.7",
        ),
        (b"curl/8.5.0", b"192.0.2.1, [2001:db8::1]:9", "2001:db8::1"),
    ];
    for (user_agent, forwarded, address) in rows {
        let headers = headers(&[("user-agent", user_agent), ("x-forwarded-for", forwarded)]);
        let device = device_of(&site, &router, OBTAIN, headers).await.unwrap();
        assert_eq!(device.ip, Some(address.parse().unwrap()), "{forwarded:?}");
        assert!(device.browser.is_some());
        let kept = device.user_agent.map(|kept| kept.len());
        assert!(kept.is_none_or(|bytes| bytes <= Device::MAX_USER_AGENT_BYTES));
    }
}

#[tokio::test]
async fn x01_no_other_header_names_the_client() {
    let site = Site::modern().await;
    let proxies = TrustedProxies::parse(["203.0.113.7"]).unwrap();
    let router = proxies.before(site.router.clone());
    for name in [
        "forwarded",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "cf-connecting-ip",
        "true-client-ip",
        "forwarded-for",
        "x-forwarded",
    ] {
        let headers = headers(&[(name, b"192.0.2.1")]);
        let device = device_of(&site, &router, OBTAIN, headers).await.unwrap();
        assert_eq!(device.ip, Some("203.0.113.7".parse().unwrap()), "{name}");
    }
}
