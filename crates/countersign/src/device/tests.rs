//! What is read of user agents.

use proptest::prelude::*;

use super::*;

/// A user agent, and what jwt-allauth records of it: browser, version, system, version, device, brand, model, and the
/// letters of mobile, tablet, pc and bot where it is one.
type Row = (
    &'static str,
    [&'static str; 5],
    Option<&'static str>,
    Option<&'static str>,
    &'static str,
);

/// Recorded from jwt-allauth.
const RECORDED: [Row; 17] = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
        ["Chrome", "124.0.0", "Windows", "10", "Other"],
        None,
        None,
        "p",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
        ["Firefox", "125.0", "Linux", "", "Other"],
        None,
        None,
        "p",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
        ["Safari", "17.4", "Mac OS X", "10.15.7", "Mac"],
        Some("Apple"),
        Some("Mac"),
        "p",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
        ["Mobile Safari", "17.4", "iOS", "17.4", "iPhone"],
        Some("Apple"),
        Some("iPhone"),
        "m",
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
        ["Mobile Safari", "16.6", "iOS", "16.6", "iPad"],
        Some("Apple"),
        Some("iPad"),
        "t",
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.6367.82 Mobile Safari/537.36",
        ["Chrome Mobile", "124.0.6367", "Android", "14", "Pixel 8"],
        Some("Google"),
        Some("Pixel 8"),
        "m",
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0.0.0 Safari/537.36",
        ["Chrome", "123.0.0", "Android", "13", "SM-X700"],
        Some("Generic_Android_Tablet"),
        Some("SM-X700"),
        "t",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/124.0.6367.88 Mobile/15E148 Safari/604.1",
        ["Chrome Mobile iOS", "124.0.6367", "iOS", "17.4", "iPhone"],
        Some("Apple"),
        Some("iPhone"),
        "m",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 Edg/124.0.2478.51",
        ["Edge", "124.0.2478", "Windows", "10", "Other"],
        None,
        None,
        "p",
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
        ["Chrome", "124.0.0", "Chrome OS", "14541.0.0", "Other"],
        None,
        None,
        "p",
    ),
    (
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        ["Googlebot", "2.1", "Other", "", "Spider"],
        Some("Spider"),
        Some("Desktop"),
        "b",
    ),
    (
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.6367.82 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        ["Googlebot", "2.1", "Android", "6.0.1", "Spider"],
        Some("Spider"),
        Some("Smartphone"),
        "mb",
    ),
    (
        "curl/8.5.0",
        ["curl", "8.5.0", "Other", "", "Other"],
        None,
        None,
        "",
    ),
    (
        "python-requests/2.31.0",
        ["Python Requests", "2.31", "Other", "", "Other"],
        None,
        None,
        "",
    ),
    (
        "okhttp/4.12.0",
        ["okhttp", "4.12.0", "Other", "", "Other"],
        None,
        None,
        "",
    ),
    ("", ["Other", "", "Other", "", "Other"], None, None, ""),
    ("zzz", ["Other", "", "Other", "", "Other"], None, None, ""),
];

async fn device(user_agent: &str) -> Device {
    let client = Client {
        user_agent: Some(user_agent),
        ip: None,
    };
    Device::of(&client).await.unwrap()
}

fn recorded((user_agent, texts, brand, model, forms): Row) -> Device {
    let [browser, browser_version, os, os_version, device] = texts.map(str::to_owned).map(Some);
    Device {
        ip: None,
        is_mobile: Some(forms.contains('m')),
        is_tablet: Some(forms.contains('t')),
        is_pc: Some(forms.contains('p')),
        is_bot: Some(forms.contains('b')),
        browser,
        browser_version,
        os,
        os_version,
        device,
        device_brand: brand.map(str::to_owned),
        device_model: model.map(str::to_owned),
        user_agent: Some(user_agent.to_owned()),
    }
}

#[tokio::test]
async fn user_agents_are_read_as_jwt_allauth_reads_them() {
    let mut wrong = Vec::new();
    for row in RECORDED {
        let (found, expected) = (device(row.0).await, recorded(row));
        if found != expected {
            wrong.push((found, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The answers are those of the Python package `user-agents` 2.2 over `ua-parser` 0.18.
#[tokio::test]
async fn rarer_kinds_of_thing_are_told_apart() {
    let rows = [
        (
            "Mozilla/5.0 (X11; U; Linux armv7l; en-GB; rv:1.9.2b6pre) Gecko/20100318 Firefox/3.5 Maemo Browser 1.7.4.7 RX-51 N900",
            "m",
        ),
        ("Mozilla/5.0 (Mobile; rv:26.0) Gecko/26.0 Firefox/26.0", "m"),
        ("Mozilla/5.0 (Tablet; rv:26.0) Gecko/26.0 Firefox/26.0", "m"),
        (
            "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; ARM; Trident/6.0; Touch)",
            "tp",
        ),
        (
            "Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 Firefox/125.0",
            "m",
        ),
        (
            "Mozilla/5.0 (Android 14; Tablet; rv:125.0) Gecko/125.0 Firefox/125.0",
            "m",
        ),
        (
            "Mozilla/5.0 (BlackBerry; U; BlackBerry 9900; en) AppleWebKit/534.11+ (KHTML, like Gecko) Version/7.1.0.346 Mobile Safari/534.11+",
            "m",
        ),
        ("Mozilla/4.0 (compatible; MSIE 5.5; Windows 98)", ""),
        (
            "Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10_6_3; en-us; Silk/1.0.13.81_10003810) AppleWebKit/533.16 (KHTML, like Gecko) Version/5.0 Safari/533.16 Silk-Accelerated=true",
            "t",
        ),
        (
            "SAMSUNG-GT-S5620/S5620XEJE2 SHP/VPP/R5 Dolfin/1.5 Qtv/5.3 SMM-MMS/1.2.0 profile/MIDP-2.1",
            "m",
        ),
        (
            "Mozilla/5.0 (Series40; Nokia200/11.56; Profile/MIDP-2.1) Gecko/20100401 S40OviBrowser/2.0.1",
            "m",
        ),
    ];
    let mut wrong = Vec::new();
    for (user_agent, expected) in rows {
        let device = device(user_agent).await;
        let forms = [
            (device.is_mobile, "m"),
            (device.is_tablet, "t"),
            (device.is_pc, "p"),
            (device.is_bot, "b"),
        ];
        let found: String = forms
            .into_iter()
            .filter_map(|(is, letter)| (is == Some(true)).then_some(letter))
            .collect();
        if found != expected {
            wrong.push((user_agent, found, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn who_says_nothing_has_no_device_and_an_address_alone_is_one() {
    assert_eq!(Device::of(&Client::default()).await, None);
    let client = Client {
        user_agent: None,
        ip: Some("::ffff:203.0.113.7".parse().unwrap()),
    };
    let device = Device::of(&client).await.unwrap();
    let expected = Device {
        ip: Some("203.0.113.7".parse().unwrap()),
        user_agent: None,
        ..recorded(RECORDED[15])
    };
    assert_eq!(device, expected);
}

#[tokio::test]
async fn s03_texts_are_cut_between_characters() {
    let model = "ü".repeat(40);
    let text =
        format!("Mozilla/5.0 (Linux; Android 14; {model}) Chrome/124.0 Mobile Safari/537.36");
    let device = device(&text).await;
    assert_eq!(device.device, Some("ü".repeat(32)));
    assert_eq!(device.device_model, Some("ü".repeat(32)));
    assert_eq!(device.user_agent, Some(text));
}

#[tokio::test]
async fn s03_what_follows_the_bound_is_not_looked_at() {
    for (fill, kept) in [(512, 512), (511, 511), (2, 512)] {
        let text = format!("{}{}", "x".repeat(fill), "é Googlebot/2.1".repeat(40_000));
        let device = device(&text).await;
        let cut = device.user_agent.unwrap();
        assert_eq!(cut.len(), kept, "{fill}");
        assert!(text.starts_with(&cut));
        assert_eq!(device.is_bot, Some(fill == 2));
    }
}

#[tokio::test]
async fn s03_control_characters_are_not_kept() {
    let device = device("curl/8.5.0\0\r\n\u{1b}[31m\u{85}").await;
    assert_eq!(device.user_agent.as_deref(), Some("curl/8.5.0[31m"));
    assert_eq!(device.browser.as_deref(), Some("curl"));
}

/// However many are read, and whoever reads at once, the parser is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_parser_is_built_anew_under_way() {
    let reading = (0..4).map(|_| {
        tokio::spawn(async {
            for _ in 0..300 {
                assert_eq!(device("curl/8.5.0").await.browser.as_deref(), Some("curl"));
            }
        })
    });
    for reading in reading.collect::<Vec<_>>() {
        reading.await.unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn s03_no_user_agent_panics_or_exceeds_its_bounds(
        words in prop::collection::vec(
            prop_oneof![
                any::<String>(),
                prop::sample::select(WORDS).prop_map(str::to_owned),
            ],
            0..40,
        ),
    ) {
        let text = words.concat();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let device = runtime.block_on(device(&text));
        prop_assert!(device.user_agent.unwrap().len() <= Device::MAX_USER_AGENT_BYTES);
        for text in [
            device.browser, device.browser_version, device.os, device.os_version, device.device,
            device.device_brand, device.device_model,
        ].into_iter().flatten() {
            prop_assert!(text.chars().count() <= Device::MAX_TEXT_CHARACTERS);
            prop_assert!(!text.contains(char::is_control));
        }
    }
}

/// Pieces of user agents.
const WORDS: &[&str] = &[
    "Mozilla/5.0 (",
    "Linux; ",
    "Android 14; ",
    "Build/",
    ") ",
    "AppleWebKit/537.36 ",
    "Mobile ",
    "Safari/537.36",
    "Windows NT 10.0",
    "iPhone; CPU iPhone OS 17_4",
    "CFNetwork/709.1",
    "Darwin/14.0.0",
    "; ",
    "/1.2.3.4.5",
    "Googlebot",
    "SAMSUNG SM-",
    "bot",
    "Opera Mini/",
    "(",
    ")",
    "$1",
    "\\",
    "\0",
];
