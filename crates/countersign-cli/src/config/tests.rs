//! What a configuration may say, and what is said when it says something else.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;

use countersign::Preset;
use countersign::rotation::{RotatedOut, RotationMode};
use countersign_token::{Algorithm, SigningKey};
use tempfile::TempDir;

use super::*;

/// A folder with a configuration file of mode 0600.
struct Folder(TempDir);

impl Folder {
    fn with(text: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.put("countersign.toml", text, 0o600);
        folder
    }

    fn put(&self, name: &str, text: &str, mode: u32) {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self, variables: &[(&str, &str)]) -> Result<Config, String> {
        let pairs = variables
            .iter()
            .map(|&(name, value)| (OsString::from(name), OsString::from(value)));
        let folder = format!("{}/", self.0.path().display());
        Config::load(
            Some(&self.path("countersign.toml")),
            &Environment::from_pairs(pairs),
        )
        .map_err(|error| error.to_string().replace(&folder, ""))
    }
}

pub(super) fn load(text: &str) -> Result<Config, String> {
    Folder::with(text).load(&[])
}

/// The whole message that a configuration is refused with.
fn refusal(text: &str) -> String {
    load(text)
        .err()
        .unwrap_or_else(|| panic!("this is accepted: {text}"))
}

fn effective(config: &Config, name: &str) -> Option<String> {
    schema::find(name).unwrap().effective(config)
}

const SECRET: &str = "gE2Yq8nR4tV6wX0zA3bC5dF7hJ9kL1mN";

#[test]
fn a_wrong_setting_is_shown_in_its_line_with_the_way_out() {
    let wrong: Vec<_> = REFUSALS
        .iter()
        .map(|(text, expected)| (refusal(text), *expected))
        .filter(|(found, expected)| found != expected)
        .collect();
    for (found, expected) in &wrong {
        eprintln!("--- found\n{found}\n--- expected\n{expected}");
    }
    assert_eq!(wrong.len(), 0);
}

/// Whatever the setting, one of these does not become it.
const WRONG_VALUES: [&str; 15] = [
    "true",
    "-1",
    "0",
    "1.5",
    "99999999999999",
    "99999999999999999999999",
    "[]",
    "[1]",
    "[\"\"]",
    "{ a = 1 }",
    "1979-05-27",
    "\"\"",
    "\"none\"",
    "\"HTTP_X\"",
    "\"1000w\"",
];

#[test]
fn every_refusal_of_every_setting_says_what_to_do() {
    let mut told = 0;
    let mut helpless = Vec::new();
    for setting in schema::SETTINGS {
        let refusals: Vec<_> = WRONG_VALUES
            .iter()
            .filter_map(|value| load(&format!("{} = {value}\n", setting.name)).err())
            .collect();
        assert!(
            !refusals.is_empty(),
            "{} may be anything: no value is wrong",
            setting.name
        );
        told += refusals.len();
        helpless.extend(refusals.into_iter().filter(|message| !has_help(message)));
    }
    assert_eq!(helpless, Vec::<String>::new());
    assert!(told > 500, "{told}");
}

#[test]
fn what_contradicts_something_else_says_what_to_do() {
    let rows = [
        "preset = \"other\"\n",
        "preset = \n",
        "jwt.algorithm = \"es256\"\n",
        "jwt.algorithm = \"None\"\n",
        "jwt.user_id_claim = \"jti\"\n",
        "jwt.jti_claim = \"sid\"\n",
        "jwt.verifying_key = \"x\"\n",
        "jwt.signing_key = \"x\"\njwt.signing_key_file = \"x\"\n",
        "jwt.signing_key_file = \"\"\n",
        "jwt.auth_header_types = [\"Bearer token\"]\n",
        "jwt.auth_header_name = \"http_\"\n",
        "session.limit = 4294967296\n",
        "rotation.reuse_grace = \"11m\"\n",
        "blacklist.enabled = false\njwt.blacklist_after_rotation = true\n",
        "store.url = \"mysql://db/x\"\n",
    ];
    for text in rows {
        let message = refusal(text);
        assert!(has_help(&message), "{text}{message}");
    }
    let lower = refusal("jwt.algorithm = \"es256\"\n");
    assert!(lower.contains("did you mean `ES256`?"), "{lower}");
    let pair = with_pair(ED25519_PRIVATE, "no PEM\n");
    assert!(has_help(&refusal(&pair)), "{}", refusal(&pair));
}

#[test]
fn a_wrong_variable_says_what_to_do() {
    for setting in schema::SETTINGS {
        let name = environment::variable_of(setting.name);
        let message = Folder::with("").load(&[(&name, "[")]).err();
        assert!(
            message.as_ref().is_none_or(|message| has_help(message)),
            "{message:?}"
        );
    }
    let message = Folder::with("")
        .load(&[("COUNTERSIGN__JWT__LEEWAY", "soon")])
        .err()
        .unwrap();
    assert!(
        message.contains("help: such as `COUNTERSIGN__JWT__LEEWAY=10s`"),
        "{message}"
    );
}

/// Whether as much is advised as is refused.
fn has_help(message: &str) -> bool {
    let refused = message.lines().filter(|line| line.starts_with("error"));
    refused.count() == message.matches("= help: ").count()
}

#[test]
fn django_names_of_headers_are_refused_with_their_plain_names() {
    for (name, plain) in [
        ("HTTP_AUTHORIZATION", "Authorization"),
        ("http_x_token", "X-Token"),
    ] {
        let message = refusal(&format!("jwt.auth_header_name = \"{name}\"\n"));
        assert!(message.contains(&format!("write `{plain}`")), "{message}");
    }
    let config = load("jwt.auth_header_name = \"X-HTTP_ID\"\n").unwrap();
    assert_eq!(config.policy.wire.auth_header_name, "X-HTTP_ID");
}

#[test]
fn names_without_a_section_are_recognized() {
    for (wrong, meant) in [
        ("presett", "`preset`"),
        ("Preset", "`preset`"),
        ("leeway", "`jwt.leeway`"),
        ("sesion", "`[session]`"),
    ] {
        let message = refusal(&format!("{wrong} = 1\n"));
        assert!(
            message.contains(&format!("did you mean {meant}?")),
            "{message}"
        );
    }
}

#[test]
fn everything_that_is_unknown_is_told_at_once_in_the_order_of_the_file() {
    let message = refusal("[session]\nclaims = \"x\"\n[jwt]\nzz = 1\nleway = 1\n");
    let found: Vec<_> = message
        .lines()
        .filter(|line| line.starts_with("error"))
        .collect();
    assert_eq!(
        found,
        [
            "error: there is no setting `session.claims`",
            "error: there is no setting `jwt.zz`",
            "error: there is no setting `jwt.leway`",
        ]
    );
}

#[test]
fn settings_of_simplejwt_without_a_place_here_say_where_to_go() {
    for (name, advice) in schema::REFUSED {
        let (section, key) = name.split_once('.').unwrap();
        let message = refusal(&format!("[{section}]\n{key} = \"x\"\n"));
        assert!(message.contains(advice), "{name}: {message}");
    }
}

#[test]
fn what_is_not_built_is_accepted_only_when_off() {
    for setting in schema::SETTINGS {
        let schema::State::OnlyOff(off) = setting.state else {
            continue;
        };
        let row = |value: &str| format!("[{}]\n{} = {value}\n", setting.section(), setting.key());
        assert!(load(&row(&off.show())).is_ok(), "{}", setting.name);
        let other = match off {
            schema::Off::Switch(on) => (!on).to_string(),
            schema::Off::Seconds(_) => "\"7s\"".to_owned(),
            schema::Off::Text(_) => "\"something\"".to_owned(),
        };
        let message = refusal(&row(&other));
        let expected = format!(
            "`{}` is not built yet; only `{}` is accepted",
            setting.name,
            off.show()
        );
        assert!(message.contains(&expected), "{message}");
    }
}

#[test]
fn devices_are_collected_where_the_preset_or_the_setting_says_so() {
    for (text, expected) in [
        ("", "true"),
        (
            "preset = \"simplejwt\"\njwt.signing_key = \"gE2Yq8nR4tV6wX0zA3bC5dF7hJ9kL1mN\"\n",
            "false",
        ),
        ("devices.collect = false\n", "false"),
        (
            "preset = \"simplejwt\"\njwt.signing_key = \"gE2Yq8nR4tV6wX0zA3bC5dF7hJ9kL1mN\"\ndevices.collect = true\n",
            "true",
        ),
    ] {
        let config = load(text).unwrap();
        assert_eq!(
            config.policy.collect_devices.to_string(),
            expected,
            "{text}"
        );
        assert_eq!(
            effective(&config, "devices.collect").as_deref(),
            Some(expected)
        );
    }
}

#[test]
fn a_takeover_ends_with_a_day_or_at_a_moment() {
    let until = |text: &str| load(&format!("[foreign]\nuntil = \"{text}\"\n"));
    for (text, seconds) in [
        ("", None),
        ("2027-01-31", Some(1_801_440_000)),
        ("2027-01-31T00:00:00Z", Some(1_801_353_600)),
        ("2027-01-31T02:00:00+02:00", Some(1_801_353_600)),
    ] {
        let config = until(text).unwrap_or_else(|message| panic!("{message}"));
        let expected = seconds.map(countersign_token::Timestamp::from_seconds);
        assert_eq!(config.policy.foreign_until, expected, "{text}");
        assert_eq!(
            effective(&config, "foreign.until"),
            Some(format!("{text:?}"))
        );
    }
    for text in [
        "soon",
        "2027-02-30",
        "2027-01-31T12:00",
        "31.1.2027",
        "1801440000",
    ] {
        let message = until(text)
            .err()
            .unwrap_or_else(|| panic!("this is accepted: {text}"));
        assert!(message.contains("must be a date or a moment"), "{message}");
    }
}

#[test]
fn passwords_are_written_for_django_where_the_settings_say_so() {
    use countersign::password::{Pbkdf2Cost, WrittenForm};
    let written = |text: &str| load(text).map(|config| config.policy.passwords.written_form());
    let ours = WrittenForm::Argon2id(Argon2Cost::RECOMMENDED);
    assert_eq!(written(""), Ok(ours));
    let django = "[passwords]\nwrite = \"django\"\n";
    assert_eq!(written(django), Ok(WrittenForm::Django(Pbkdf2Cost::DJANGO)));
    let cheap = format!("{django}danger_cheap_hashes = true\n");
    assert_eq!(
        written(&cheap),
        Ok(WrittenForm::Django(Pbkdf2Cost::DANGER_CHEAP))
    );
    let config = load(django).unwrap_or_else(|message| panic!("{message}"));
    assert_eq!(
        effective(&config, "passwords.write"),
        Some("\"django\"".to_owned())
    );
    assert!(refusal("[passwords]\nwrite = \"md5\"\n").contains("argon2id"));
}

#[test]
fn the_rules_for_new_passwords_are_read_and_bounded() {
    use countersign::password::PasswordRules;
    let rules = |text: &str| load(text).map(|config| config.policy.passwords.rules);
    let modern = PasswordRules {
        min_length: 8,
        refuse_common: true,
        operator_exempt: false,
    };
    assert_eq!(rules(""), Ok(modern));
    let simplejwt = PasswordRules {
        operator_exempt: true,
        ..modern
    };
    assert_eq!(rules("preset = \"simplejwt\"\n"), Ok(simplejwt));
    let text = "[passwords]\nmin_length = 256\nrefuse_common = false\noperator_exempt = true\n";
    let lenient = PasswordRules {
        min_length: 256,
        refuse_common: false,
        operator_exempt: true,
    };
    assert_eq!(rules(text), Ok(lenient));
    let config = load(text).unwrap_or_else(|message| panic!("{message}"));
    for (name, value) in [
        ("passwords.min_length", "256"),
        ("passwords.refuse_common", "false"),
        ("passwords.operator_exempt", "true"),
    ] {
        assert_eq!(effective(&config, name).as_deref(), Some(value), "{name}");
    }
    for length in ["0", "257", "18446744073709551615"] {
        let refused = refusal(&format!("[passwords]\nmin_length = {length}\n"));
        assert!(refused.contains("min_length"), "{length}: {refused}");
    }
}

#[test]
fn the_environment_beats_the_file() {
    let folder = Folder::with("preset = \"simplejwt\"\n[jwt]\nleeway = 5\naudience = \"file\"\n");
    let config = folder
        .load(&[
            ("COUNTERSIGN__JWT__LEEWAY", "7.5"),
            ("COUNTERSIGN__JWT__AUDIENCE", "[\"a\", \"b\"]"),
            ("COUNTERSIGN__JWT__ROTATE_REFRESH_TOKENS", "true"),
            ("COUNTERSIGN__SESSION__LIMIT", "3"),
        ])
        .unwrap();
    assert_eq!(config.policy.tokens.leeway.as_millis(), 7_500);
    assert_eq!(config.policy.tokens.audience, ["a", "b"]);
    assert_eq!(config.policy.rotation.mode, RotationMode::Fork);
    assert_eq!(config.policy.sessions.limit, Some(3));
    assert_eq!(config.origin("jwt.leeway"), Some(Origin::Environment));
    assert_eq!(config.origin("preset"), Some(Origin::File));
    assert_eq!(config.origin("jwt.issuer"), None);
}

#[test]
fn a_wrong_variable_is_named_and_its_value_is_not() {
    let folder = Folder::with("");
    let message = folder
        .load(&[("COUNTERSIGN__JWT__LEEWAY", "hush-hush")])
        .err()
        .unwrap();
    assert!(
        message.contains("set by the environment variable COUNTERSIGN__JWT__LEEWAY"),
        "{message}"
    );
    assert!(!message.contains("hush"), "{message}");
    let message = folder
        .load(&[("COUNTERSIGN__JWT__LEEWAI", "5")])
        .err()
        .unwrap();
    assert!(message.contains("did you mean `jwt.leeway`?"), "{message}");
}

#[test]
fn lengths_of_time_are_texts_or_whole_seconds() {
    let rows = [
        ("\"5m\"", 300),
        ("\"1d\"", 86_400),
        ("90", 90),
        ("\"2h\"", 7_200),
        ("\"1w\"", 604_800),
    ];
    for (value, seconds) in rows {
        let config = load(&format!("[jwt]\naccess_token_lifetime = {value}\n")).unwrap();
        assert_eq!(
            config.policy.tokens.access_lifetime.as_secs(),
            seconds,
            "{value}"
        );
    }
    for value in ["-5", "1.5", "\"5 minutes\"", "true", "0"] {
        assert!(
            load(&format!("[jwt]\naccess_token_lifetime = {value}\n")).is_err(),
            "{value}"
        );
    }
    for (value, millis) in [("30", 30_000), ("0.5", 500), ("\"30s\"", 30_000)] {
        let config = load(&format!("[jwt]\nleeway = {value}\n")).unwrap();
        assert_eq!(config.policy.tokens.leeway.as_millis(), millis, "{value}");
    }
    assert_eq!(
        load("[rotation]\nsession_lifetime = \"\"\n")
            .unwrap()
            .policy
            .sessions
            .lifetime,
        None
    );
}

#[test]
fn two_switches_and_the_blacklist_make_the_rotation() {
    use RotationMode::{Fork, Off, Rotate};
    let rows = [
        ("", Off),
        ("rotate_refresh_tokens = true", Fork),
        ("blacklist_after_rotation = true", Off),
        (
            "rotate_refresh_tokens = true\nblacklist_after_rotation = true",
            Rotate,
        ),
    ];
    for (settings, mode) in rows {
        let text = format!("preset = \"simplejwt\"\n[jwt]\n{settings}\n");
        assert_eq!(
            load(&text).unwrap().policy.rotation.mode,
            mode,
            "{settings}"
        );
        let without = load(&format!("{text}[blacklist]\nenabled = false\n")).unwrap();
        let expected = if mode == Rotate { Fork } else { mode };
        assert_eq!(
            without.policy.rotation.mode, expected,
            "{settings} without a blacklist"
        );
    }
    assert_eq!(load("").unwrap().policy.rotation.mode, Rotate);
}

#[test]
fn history_is_the_presets_unless_it_is_said_and_takes_a_blacklist() {
    for (text, kept) in [
        ("", false),
        ("[blacklist]\nhistory = true\n", true),
        ("preset = \"simplejwt\"\n", true),
        (
            "preset = \"simplejwt\"\n[blacklist]\nhistory = false\n",
            false,
        ),
        (
            "preset = \"simplejwt\"\n[blacklist]\nenabled = false\n",
            false,
        ),
        (
            "preset = \"simplejwt\"\n[blacklist]\nenabled = false\nhistory = true\n",
            false,
        ),
    ] {
        let config = load(text).unwrap();
        let recorded = config.policy.rotated_out() == RotatedOut::Recorded;
        assert_eq!(recorded, kept, "{text}");
    }
}

#[test]
fn a_switch_without_effect_is_warned_of() {
    for (text, start) in [
        (
            "[jwt]\nblacklist_after_rotation = true\n[blacklist]\nenabled = false\n",
            "warning: `jwt.blacklist_after_rotation` has no effect",
        ),
        (
            "[blacklist]\nenabled = false\nhistory = true\n",
            "warning: `blacklist.history` has no effect",
        ),
    ] {
        let config = load(&format!("preset = \"simplejwt\"\n{text}")).unwrap();
        let warnings = config.render_warnings(&Renderer::plain()).unwrap();
        assert!(warnings.starts_with(start), "{warnings}");
    }
    assert!(
        load("")
            .unwrap()
            .render_warnings(&Renderer::plain())
            .is_none()
    );
}

#[test]
fn an_end_of_a_takeover_that_has_passed_or_ends_nothing_is_warned_of() {
    let warnings = |text: &str| {
        let config = load(text).unwrap();
        config.render_warnings(&Renderer::plain())
    };
    let simplejwt = |until: &str| format!("preset = \"simplejwt\"\nforeign.until = \"{until}\"\n");
    for past in ["2020-01-31", "2020-01-31T18:00:00Z"] {
        let warned = warnings(&simplejwt(past)).unwrap();
        assert!(
            warned.starts_with("warning: `foreign.until` has passed"),
            "{warned}"
        );
        assert!(
            warned.contains("countersign.toml:2") && warned.contains("help: "),
            "{warned}"
        );
    }
    assert_eq!(warnings(&simplejwt("9998-12-31")), None);
    assert_eq!(warnings(&simplejwt("")), None);
    for idle in [
        "foreign.until = \"9998-12-31\"\n",
        "foreign.until = \"2020-01-31\"\n",
        "foreign.refresh = \"off\"\nforeign.until = \"9998-12-31\"\npreset = \"simplejwt\"\n",
    ] {
        let warned = warnings(idle).unwrap();
        assert!(
            warned.starts_with("warning: `foreign.until` has no effect"),
            "{warned}"
        );
    }
}

#[test]
fn a_webhook_has_half_a_second_unless_something_else_is_said() {
    for (text, millis, shown) in [
        ("", 500, "\"500ms\""),
        ("hooks.timeout = \"2s\"\n", 2000, "\"2s\""),
    ] {
        let config = load(text).unwrap();
        assert_eq!(config.hooks.timeout.as_millis(), millis);
        assert_eq!(effective(&config, "hooks.timeout").as_deref(), Some(shown));
    }
}

#[test]
fn a_key_that_django_drew_for_development_is_warned_of_and_not_shown() {
    let secret = "django-insecure-4f9s8d7f6g5h4j3k2l1qwertyuiop";
    let text = format!("preset = \"simplejwt\"\n[jwt]\nsigning_key = \"{secret}\"\n");
    let warnings = load(&text)
        .unwrap()
        .render_warnings(&Renderer::plain())
        .unwrap();
    assert!(
        warnings.contains("drawn by Django for development"),
        "{warnings}"
    );
    assert!(!warnings.contains(secret), "{warnings}");
}

#[test]
fn weak_and_well_known_secrets_are_refused_and_never_shown() {
    let rows = [
        ("hush", "HS256 needs a secret of at least 32 bytes"),
        (
            "a-string-secret-at-least-256-bits-long",
            "is a sample from a documentation",
        ),
        (
            "please-change-me-3f9s8d7f6g5h4j3k2l1",
            "is a sample from a documentation",
        ),
        (
            "abcabcabcabcabcabcabcabcabcabcabcabcabc",
            "repeats a few characters",
        ),
        (
            "-----BEGIN PUBLIC KEY-----",
            "cannot be the secret of HS256",
        ),
    ];
    for (secret, expected) in rows {
        let message = refusal(&format!(
            "preset = \"simplejwt\"\n[jwt]\nsigning_key = \"{secret}\"\n"
        ));
        assert!(message.contains(expected), "{secret}: {message}");
        assert!(message.contains("`jwt.signing_key`"), "{message}");
        assert!(!message.contains(secret), "{message}");
    }
}

#[test]
fn a_file_that_others_can_read_may_hold_no_secret() {
    let folder = Folder::with("");
    let text = format!("preset = \"simplejwt\"\n[jwt]\nsigning_key = \"{SECRET}\"\n");
    for mode in [0o644, 0o640, 0o604] {
        folder.put("countersign.toml", &text, mode);
        let message = folder.load(&[]).err().unwrap();
        assert!(
            message.contains("stands in a file that others can read"),
            "{mode:o}: {message}"
        );
        assert!(!message.contains(SECRET), "{message}");
    }
    folder.put("countersign.toml", "preset = \"simplejwt\"\n", 0o644);
    assert!(
        folder
            .load(&[("COUNTERSIGN__JWT__SIGNING_KEY", SECRET)])
            .is_ok()
    );
}

#[test]
fn a_signing_key_may_stand_in_a_file_of_its_own() {
    let folder = Folder::with("preset = \"simplejwt\"\n[jwt]\nsigning_key_file = \"jwt.key\"\n");
    let refused = |folder: &Folder| folder.load(&[]).err().unwrap();
    assert!(
        refused(&folder).contains("cannot be read"),
        "{}",
        refused(&folder)
    );
    folder.put("jwt.key", &format!("{SECRET}\n"), 0o644);
    assert!(
        refused(&folder).contains("can be read by others"),
        "{}",
        refused(&folder)
    );
    folder.put("jwt.key", &format!("{SECRET}\n"), 0o600);
    let from_file = folder.load(&[]).unwrap();
    let from_text = Folder::with("preset = \"simplejwt\"")
        .load(&[("COUNTERSIGN__JWT__SIGNING_KEY", SECRET)])
        .unwrap();
    assert_eq!(key_id_of(&from_file), key_id_of(&from_text));
}

#[test]
fn two_sources_of_one_key_are_refused_unless_the_environment_decides() {
    let text = format!("preset = \"simplejwt\"\n[jwt]\nsigning_key = \"{SECRET}\"\n");
    let folder = Folder::with(&format!("{text}signing_key_file = \"jwt.key\"\n"));
    assert!(folder.load(&[]).err().unwrap().contains("are both set"));
    let folder = Folder::with(&text);
    let other = SECRET.to_lowercase();
    folder.put("jwt.key", &other, 0o600);
    let config = folder
        .load(&[("COUNTERSIGN__JWT__SIGNING_KEY_FILE", "jwt.key")])
        .unwrap();
    let expected = SigningKey::from_secret(Algorithm::Hs256, other.as_bytes()).unwrap();
    assert_eq!(key_id_of(&config), Some(expected.key_id().to_string()));
}

fn key_id_of(config: &Config) -> Option<String> {
    match &config.signing_key {
        SigningKeySource::Configured(key) => Some(key.key_id().to_string()),
        SigningKeySource::Stored(_) => None,
    }
}

/// The example keys of RFC 8410 §10: a private key, and its public half.
pub(super) const ED25519_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
pub(super) const ED25519_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
const OTHER_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";

fn with_pair(signing: &str, verifying: &str) -> String {
    format!(
        "[jwt]\nalgorithm = \"EdDSA\"\nsigning_key = '''\n{signing}'''\nverifying_key = '''\n{verifying}'''\n"
    )
}

#[test]
fn a_public_half_must_fit_its_signing_key() {
    assert!(load(&with_pair(ED25519_PRIVATE, ED25519_PUBLIC)).is_ok());
    let message = refusal(&with_pair(ED25519_PRIVATE, OTHER_PUBLIC));
    assert!(
        message.contains("is not the public half of `jwt.signing_key`"),
        "{message}"
    );
    let message = refusal(&with_pair(ED25519_PRIVATE, ED25519_PRIVATE));
    assert!(!message.contains("MC4CAQ"), "{message}");
    let message = refusal(&format!(
        "[jwt]\nverifying_key = '''\n{ED25519_PUBLIC}'''\n"
    ));
    assert!(message.contains("without `jwt.signing_key`"), "{message}");
    let text = format!(
        "preset = \"simplejwt\"\n[jwt]\nsigning_key = \"{SECRET}\"\nverifying_key = \"ignored\"\n"
    );
    assert!(load(&text).is_ok());
}

/// Key pairs made for tests, in every form.
const RECORDED_KEYS: &str =
    include_str!("../../../countersign-token/tests/vectors/simplejwt/keys.json");

fn recorded(name: &str) -> serde_json::Value {
    let file: serde_json::Value = serde_json::from_str(RECORDED_KEYS).unwrap();
    let keys = file["keys"].as_array().unwrap();
    keys.iter().find(|key| key["name"] == name).unwrap().clone()
}

#[test]
fn every_algorithm_reads_its_keys_in_every_form() {
    let rows = [
        (
            "rsa1",
            "private_pem_pkcs1",
            &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..],
        ),
        ("p256", "private_pem_sec1", &["ES256"]),
        ("p384", "private_pem_sec1", &["ES384"]),
        ("p521", "private_pem_sec1", &["ES512"]),
        ("ed25519", "private_pem_pkcs8", &["EdDSA"]),
    ];
    for (name, own_form, algorithms) in rows {
        let key = recorded(name);
        let public = key["public_pem_spki"].as_str().unwrap();
        for form in [own_form, "private_pem_pkcs8"] {
            for algorithm in algorithms {
                let text = with_pair(key[form].as_str().unwrap(), public);
                let config = load(&text.replace("EdDSA", algorithm)).unwrap();
                assert_eq!(config.policy.tokens.algorithm.name(), *algorithm);
                assert!(config.names_signing_key(), "{algorithm} {form}");
            }
        }
    }
    let other = recorded("rsa2");
    let text = with_pair(
        recorded("rsa1")["private_pem_pkcs1"].as_str().unwrap(),
        other["public_pem_spki"].as_str().unwrap(),
    );
    let message = refusal(&text.replace("EdDSA", "RS256"));
    assert!(message.contains("is not the public half"), "{message}");
}

#[test]
fn longer_hashes_take_longer_secrets() {
    for (algorithm, minimum) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        let secret = &SECRET.repeat(3)[..minimum];
        let with =
            |secret| format!("[jwt]\nalgorithm = \"{algorithm}\"\nsigning_key = \"{secret}\"\n");
        assert!(load(&with(secret)).is_ok(), "{algorithm}");
        let message = refusal(&with(&secret[1..]));
        let expected = format!("{algorithm} needs a secret of at least {minimum} bytes");
        assert!(message.contains(&expected), "{message}");
    }
    for algorithm in Algorithm::ALL {
        let text = format!("[jwt]\nalgorithm = \"{algorithm}\"\n");
        assert!(
            load(&text).is_ok(),
            "{algorithm}: the program makes the key"
        );
    }
}

#[test]
fn key_pairs_out_of_documentation_are_refused_in_every_form() {
    let message = refusal(&with_pair(ES256_SAMPLE, "").replace("EdDSA", "ES256"));
    assert!(
        message.contains("is a sample from a documentation"),
        "{message}"
    );
    assert!(!message.contains("MHcCAQ"), "{message}");
}

/// The ES256 key of a well-known token page, as SEC1.
const ES256_SAMPLE: &str = "-----BEGIN EC PRIVATE KEY-----\n\
    MHcCAQEEIHr2cy9YHQBa/PIW9jhf9jcQKSQsxghA3X0qelUDt9IcoAoGCCqGSM49\n\
    AwEHoUQDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9q9UU8I5mEovUf86QZ7kOBIjJ\n\
    wqnzD1omageEHWwHdBO6B+dFabmdT9POxg==\n-----END EC PRIVATE KEY-----\n";

#[test]
fn a_key_of_another_kind_than_the_algorithm_is_refused_by_name() {
    let message = refusal(&format!("[jwt]\nsigning_key = \"{SECRET}\"\n"));
    assert!(message.contains("`jwt.signing_key`"), "{message}");
    assert!(!message.contains(SECRET), "{message}");
}

#[test]
fn a_key_set_is_fetched_over_https_or_on_this_machine() {
    let at = |url: &str| format!("[jwt]\njwk_url = \"{url}\"\n");
    for url in ["https://id.example/keys", "http://127.0.0.1:8000/keys"] {
        let config = load(&at(url)).unwrap();
        assert_eq!(effective(&config, "jwt.jwk_url"), Some(format!("{url:?}")));
    }
    assert!(load(&at("")).unwrap().jwk_url.is_none());
    let message = refusal(&at("https://ann:hush@id.example/keys"));
    assert!(message.contains("user name or a password"), "{message}");
    assert!(!message.contains("hush"), "{message}");
}

#[test]
fn a_key_set_that_lets_nobody_in_is_warned_of() {
    let warnings = |text: &str| {
        let text = format!("{text}\n[jwt]\njwk_url = \"https://id.example/keys\"\n");
        let config = load(&text).unwrap();
        let warnings = config.render_warnings(&Renderer::plain());
        (warnings.unwrap_or_default(), config.jwk_url.is_some())
    };
    let (shared, in_effect) = warnings("preset = \"simplejwt\"");
    assert!(
        shared.contains("`jwt.jwk_url` has no effect: HS256"),
        "{shared}"
    );
    assert!(!in_effect, "the original ignores it, too");
    let (modern, _) = warnings("preset = \"modern\"");
    assert!(modern.contains("lets nobody in"), "{modern}");
    assert!(!modern.contains("must name its key"), "{modern}");
    let foreign = "foreign.refresh = \"signed\"\nkeys.kid = \"never\"";
    let (unnamed, _) = warnings(foreign);
    assert!(unnamed.contains("must name its key"), "{unnamed}");
    assert!(!unnamed.contains("lets nobody in"), "{unnamed}");
    assert_eq!(
        warnings("foreign.refresh = \"signed\""),
        (String::new(), true)
    );
}

#[test]
fn paths_are_beside_the_file() {
    let folder = Folder::with(
        "[store]\nurl = \"sqlite:data.db\"\n[keys]\nmaster_key_file = \"/k/master.key\"\n",
    );
    let config = folder.load(&[]).unwrap();
    assert_eq!(config.store.path(), folder.path("data.db"));
    assert_eq!(config.master_key_file, Path::new("/k/master.key"));
}

/// The same table as that of `import django --from`, but for plain paths and where a relative one begins.
#[test]
fn every_spelling_of_a_store_is_a_file_or_refused() {
    let folder = Folder::with("");
    let there = |path: &str| Some(folder.path(path));
    let spellings = [
        ("sqlite:b.db", there("b.db")),
        ("sqlite:a/b.db", there("a/b.db")),
        ("sqlite:///b.db", there("b.db")),
        ("sqlite:///a/b.db", there("a/b.db")),
        ("sqlite:/a/b.db", Some(PathBuf::from("/a/b.db"))),
        ("sqlite:////a/b.db", Some(PathBuf::from("/a/b.db"))),
        ("sqlite:", None),
        ("sqlite:///", None),
        ("sqlite://b.db", None),
        ("sqlite://host/b.db", None),
        ("sqlite://///a/b.db", None),
        ("sqlite::memory:", None),
        ("sqlite:///:memory:", None),
        ("sqlite:b.db?mode=ro", None),
        ("b.db", None),
        ("/a/b.db", None),
        ("mysql:b.db", None),
        ("postgres://host/b", None),
    ];
    for (url, expected) in spellings {
        std::fs::write(
            folder.path("countersign.toml"),
            format!("[store]\nurl = \"{url}\"\n"),
        )
        .unwrap();
        let loaded = folder.load(&[]).ok();
        let path = loaded.map(|config| config.store.path().to_owned());
        assert_eq!(path, expected, "{url}");
    }
}

#[test]
fn every_setting_of_the_differential_tester_is_understood() {
    let text = format!(
        "preset = \"simplejwt\"\n\n[server]\nbind = \"127.0.0.1:22001\"\ntrusted_proxies = []\n\n\
         [store]\nurl = \"sqlite:x.db\"\n\n[passwords]\ndanger_cheap_hashes = true\n\n[throttle]\nenabled = false\n\n\
         [jwt]\naccess_token_lifetime = \"5m\"\nrefresh_token_lifetime = 12\nrotate_refresh_tokens = true\n\
         blacklist_after_rotation = true\nupdate_last_login = true\nsigning_key = \"{SECRET}\"\n\
         audience = [\"shop-floor\", \"office\"]\nissuer = \"https://issuer.example.test\"\nleeway = 30\n\
         auth_header_types = [\"JWT\", \"Token\"]\nauth_header_name = \"X-Access-Token\"\nuser_id_claim = \"uid\"\n\
         auth_token_classes = [\"sliding\", \"access\"]\nsliding_token_lifetime = \"10m\"\n\
         sliding_token_refresh_lifetime = \"2d\"\nsliding_token_refresh_exp_claim = \"window_end\"\n\
         token_type_claim = \"kind\"\njti_claim = \"tid\"\n\
         check_user_is_active = false\n\n[blacklist]\nenabled = true\n\n[cookies]\nenabled = false\n"
    );
    let config = load(&text).unwrap();
    let rows = [
        ("server.bind", r#""127.0.0.1:22001""#),
        ("jwt.refresh_token_lifetime", r#""12s""#),
        ("jwt.update_last_login", "true"),
        ("jwt.audience", r#"["shop-floor", "office"]"#),
        ("jwt.auth_header_types", r#"["JWT", "Token"]"#),
        ("jwt.auth_header_name", r#""X-Access-Token""#),
        ("jwt.auth_token_classes", r#"["sliding", "access"]"#),
        ("jwt.sliding_token_lifetime", r#""10m""#),
        ("jwt.sliding_token_refresh_lifetime", r#""2d""#),
        ("jwt.sliding_token_refresh_exp_claim", r#""window_end""#),
        ("jwt.user_id_claim", r#""uid""#),
        ("jwt.token_type_claim", r#""kind""#),
        ("jwt.jti_claim", r#""tid""#),
        ("jwt.check_user_is_active", "false"),
        ("jwt.signing_key", r#""****""#),
        ("passwords.danger_cheap_hashes", "true"),
    ];
    for (name, expected) in rows {
        assert_eq!(
            effective(&config, name).as_deref(),
            Some(expected),
            "{name}"
        );
    }
}

#[test]
fn languages_are_named_by_their_tags() {
    let cases = [
        ("", r#""*""#),
        (
            r#"[wire]
languages = "*""#,
            r#""*""#,
        ),
        ("[wire]\nlanguages = []", "[]"),
        ("[wire]\nlanguages = \"DE\"", r#"["de"]"#),
        (
            "[wire]\nlanguages = [\"pt-br\", \"zh-hans\", \"en\"]",
            r#"["pt-BR", "zh-Hans", "en"]"#,
        ),
    ];
    for preset in Preset::ALL {
        for (text, expected) in cases {
            let config = load(&format!("preset = {:?}\n{text}\n", preset.name())).unwrap();
            assert_eq!(
                effective(&config, "wire.languages").as_deref(),
                Some(expected),
                "{text}"
            );
        }
    }
}

#[test]
fn jwt_allauths_endpoints_are_behind_a_path_of_their_own_or_nowhere() {
    let shown = |text: &str| effective(&load(text).unwrap(), "server.allauth_prefix");
    for (text, expected) in [
        ("", "\"\""),
        ("server.allauth_prefix = \"\"", "\"\""),
        ("server.allauth_prefix = \"auth/\"", r#""/auth""#),
        ("server.allauth_prefix = \"/api/auth\"", r#""/api/auth""#),
    ] {
        assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
    }
    for (path, told) in [
        ("/", "a path of letters, digits"),
        ("/auth/{id}", "a path of letters, digits"),
        ("/api", "`/api/token/` is there already"),
        ("/api/users/7", "`/api/users/` is there already"),
    ] {
        let message = refusal(&format!("server.allauth_prefix = \"{path}\""));
        assert!(message.contains(told) && has_help(&message), "{message}");
    }
}

#[test]
fn claims_and_requirements_are_read_from_file_and_environment() {
    let text = "claims.at_refresh = \"carried\"\naccounts.sign_in_requires = [\"staff\", \"email_verified\"]\n\
        [claims.from_account]\nteam = \"attributes.team\"\nemail = \"email\"\n";
    let config = load(text).unwrap();
    let table = r#"{ email = "email", team = "attributes.team" }"#;
    let rows = [
        ("claims.from_account", table),
        ("claims.at_refresh", r#""carried""#),
        (
            "accounts.sign_in_requires",
            r#"["staff", "email_verified"]"#,
        ),
    ];
    for (name, expected) in rows {
        assert_eq!(effective(&config, name).as_deref(), Some(expected));
    }
    let same = Folder::with("").load(&[("COUNTERSIGN__CLAIMS__FROM_ACCOUNT", table)]);
    assert_eq!(
        same.unwrap().policy.claims.from_account,
        config.policy.claims.from_account
    );
}

#[test]
fn webhooks_need_a_safe_address_and_a_secret_of_their_own() {
    let load = |settings: &str, secret: &str, mode: u32| {
        let folder = Folder::with(&format!("[hooks]\nsecret_file = \"s\"\n{settings}\n"));
        folder.put("s", secret, mode);
        folder.load(&[]).err()
    };
    let at = |url: &str| load(&format!("claims_url = \"{url}\""), SECRET, 0o600);
    for url in [
        "https://hooks.example/claims?x=1",
        "http://localhost:9000/",
        "http://127.0.0.1:9000/",
        "http://[::1]/",
    ] {
        assert_eq!(at(url), None, "{url}");
    }
    for url in [
        "http://hooks.example/",
        "http://192.168.0.1/",
        "http://localhost.example/",
        "http://127.0.0.1.example/",
        "https://user@hooks.example/",
        "https://:password@hooks.example/",
        "https://hooks.example/#x",
        "file:///etc/passwd",
        "hooks.example",
        "https://",
    ] {
        let message = at(url).unwrap_or_else(|| panic!("{url} is accepted"));
        assert!(has_help(&message), "{message}");
        assert!(!message.contains("password@"), "{message}");
    }
    let url = "login_url = \"https://hooks.example/\"";
    assert!(load(url, SECRET, 0o644).unwrap().contains("chmod 600"));
    assert!(load(url, "short", 0o600).unwrap().contains("32 bytes"));
    let sample = "your-secret-your-secret-your-secret";
    assert!(load(url, sample, 0o600).unwrap().contains("sample"));
    for message in [
        load(url, "short", 0o600).unwrap(),
        load(url, sample, 0o600).unwrap(),
        refusal(&format!("[hooks]\n{url}\n")),
    ] {
        assert!(message.contains("hooks.secret_file"), "{message}");
        assert!(has_help(&message) && !message.contains(sample), "{message}");
    }
}

#[test]
fn every_setting_that_works_is_read_by_somebody() {
    let readers = [
        include_str!("hooks.rs"),
        include_str!("policy.rs"),
        include_str!("keys.rs"),
        include_str!("issuer.rs"),
        include_str!("mod.rs"),
    ];
    for setting in schema::SETTINGS {
        let quoted = format!("{:?}", setting.name);
        let read = readers.iter().any(|source| source.contains(&quoted));
        assert_eq!(
            read,
            matches!(setting.state, schema::State::Built(_)),
            "{}",
            setting.name
        );
    }
}

#[test]
fn every_setting_is_in_one_row_with_a_line_about_it() {
    for setting in schema::SETTINGS {
        let rows = schema::SETTINGS
            .iter()
            .filter(|other| other.name == setting.name)
            .count();
        assert_eq!(rows, 1, "{}", setting.name);
        assert!(setting.about.ends_with('.'), "{}", setting.name);
    }
}

/// Configurations and the whole message that each is refused with.
const REFUSALS: &[(&str, &str)] = &[
        (
            "[claims]\nfrom_account = { mail = \"e_mail\" }\n",
            "error: `claims.from_account`: accounts have no field `e_mail`
 --> countersign.toml:2:16
  |
2 | from_account = { mail = \"e_mail\" }
  |                ^^^^^^^^^^^^^^^^^^^
  |
  = help: use `username`, `email`, `email_verified`, `uuid`, `is_staff`, `is_superuser`, `role` or `attributes.NAME`",
        ),
        (
            "[claims]\nfrom_account = { sub = \"uuid\" }\n",
            "error: `claims.from_account`: the claim `sub` has another meaning already
 --> countersign.toml:2:16
  |
2 | from_account = { sub = \"uuid\" }
  |                ^^^^^^^^^^^^^^^^
  |
  = help: choose another name for it",
        ),
        (
            "[accounts]\nsign_in_requires = \"active\"\n",
            "error: `accounts.sign_in_requires`: `active` cannot be required
 --> countersign.toml:2:20
  |
2 | sign_in_requires = \"active\"
  |                    ^^^^^^^^
  |
  = help: use `staff`, `superuser`, `email_verified`; that it is active is required anyway",
        ),
        (
            "[jwt]\nacces_token_lifetime = \"5m\"\n",
            "error: there is no setting `jwt.acces_token_lifetime`
 --> countersign.toml:2:1
  |
2 | acces_token_lifetime = ****
  | ^^^^^^^^^^^^^^^^^^^^
  |
  = help: did you mean `jwt.access_token_lifetime`?",
        ),
        (
            "[jwt]\nACCESS_TOKEN_LIFETIME = 300\n",
            "error: there is no setting `jwt.ACCESS_TOKEN_LIFETIME`
 --> countersign.toml:2:1
  |
2 | ACCESS_TOKEN_LIFETIME = ***
  | ^^^^^^^^^^^^^^^^^^^^^
  |
  = help: did you mean `jwt.access_token_lifetime`?",
        ),
        (
            "[jwt]\nreuse_grace = \"5s\"\n",
            "error: there is no setting `jwt.reuse_grace`
 --> countersign.toml:2:1
  |
2 | reuse_grace = ****
  | ^^^^^^^^^^^
  |
  = help: did you mean `rotation.reuse_grace`?",
        ),
        (
            "[rotations]\nreuse_grace = 5\n",
            "error: there is no setting `rotations`
 --> countersign.toml:1:2
  |
1 | [rotations]
  |  ^^^^^^^^^
  |
  = help: did you mean `[rotation]`?",
        ),
        (
            "jwt = 5\n",
            "error: `jwt` must be a section
 --> countersign.toml:1:1
  |
1 | jwt = *
  | ^^^
  |
  = help: write `[jwt]` on a line of its own",
        ),
        (
            "\n[jwt]\nrotate_refresh_tokens = \"yes\"\n",
            "error: `jwt.rotate_refresh_tokens` must be true or false
 --> countersign.toml:3:25
  |
3 | rotate_refresh_tokens = \"yes\"
  |                         ^^^^^
  |
  = help: such as `rotate_refresh_tokens = true`",
        ),
        (
            "[foreign]\nrefresh = \"some\"\n",
            "error: `foreign.refresh` must be one of \"off\", \"recorded\", \"signed\"
 --> countersign.toml:2:11
  |
2 | refresh = \"some\"
  |           ^^^^^^
  |
  = help: such as `refresh = \"off\"`",
        ),
        (
            "[mail]\noutbox = \"outbox\"\n",
            "error: `mail.outbox` is not built yet; only `\"\"` is accepted
 --> countersign.toml:2:10
  |
2 | outbox = \"outbox\"
  |          ^^^^^^^^
  |
  = help: write `outbox = \"\"`, or leave it out",
        ),
        (
            "[server]\ntrusted_proxies = [\"10.0.0.1\", \"proxy.example\"]\n",
            "error: `server.trusted_proxies`: `proxy.example` is neither an address nor a network
 --> countersign.toml:2:19
  |
2 | trusted_proxies = [\"10.0.0.1\", \"proxy.example\"]
  |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: such as [\"10.0.0.5\", \"192.168.0.0/16\", \"2001:db8::/48\"]; names are not looked up",
        ),
        (
            "[server]\ntrusted_proxies = \"0.0.0.0/0\"\n",
            "error: `server.trusted_proxies`: `0.0.0.0/0` is everybody
 --> countersign.toml:2:19
  |
2 | trusted_proxies = \"0.0.0.0/0\"
  |                   ^^^^^^^^^^^
  |
  = help: name the proxies alone: everybody else could choose an address",
        ),
        (
            "preset = \"token-views\"\n",
            "error: the preset `token-views` is not built yet
 --> countersign.toml:1:10
  |
1 | preset = \"token-views\"
  |          ^^^^^^^^^^^^^
  |
  = help: use `modern`, `simplejwt`, `jwt-allauth`, `jwt-manager`",
        ),
        (
            "[jwt]\nauth_token_classes = [\"access\", \"id\"]\n",
            "error: `jwt.auth_token_classes`: there is no class of token `id`
 --> countersign.toml:2:22
  |
2 | auth_token_classes = [\"access\", \"id\"]
  |                      ^^^^^^^^^^^^^^^^
  |
  = help: use `access`, `sliding`, `refresh`, `untyped`",
        ),
        (
            "[wire]\nlanguages = [\"de\", \"xx\"]\n",
            "error: `wire.languages`: there are no texts in `xx`
 --> countersign.toml:2:13
  |
2 | languages = [\"de\", \"xx\"]
  |             ^^^^^^^^^^^^
  |
  = help: use \"*\" for all, or en, ar, cs, de, el, es, es-AR, es-CL, fa, fa-IR, fr, he, id, it, ja, kk, ko, nl, pl, pt, pt-BR, ro, ru, sl, sv, tr, uk, zh-Hans",
        ),
        (
            "[jwt]\nauth_token_classes = []\n",
            "error: `jwt.auth_token_classes`: at least one class of token is needed, or no resource could be reached
 --> countersign.toml:2:22
  |
2 | auth_token_classes = []
  |                      ^^
  |
  = help: leave it out for the default, `auth_token_classes = [\"access\"]`",
        ),
        (
            "[jwt]\nleeway = 301\n",
            "error: `jwt.leeway`: at most 300 seconds are tolerated
 --> countersign.toml:2:10
  |
2 | leeway = 301
  |          ^^^
  |
  = help: leave it out for the default, `leeway = \"10s\"`",
        ),
        (
            "[jwt]\nalgorithm = \"ES521\"\n",
            "error: `jwt.algorithm`: algorithm \"ES521\" has never been registered; P-521 is ES512
 --> countersign.toml:2:13
  |
2 | algorithm = \"ES521\"
  |             ^^^^^^^
  |
  = help: use one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA",
        ),
        (
            "[jwt]\nblacklist_after_rotation = false\n",
            "error: `rotation.reuse_detection` cannot be on while rotated tokens stay good
 --> countersign.toml:2:28
  |
2 | blacklist_after_rotation = false
  |                            ^^^^^
  |
  = help: set `rotation.reuse_detection = false`, or `jwt.blacklist_after_rotation = true`",
        ),
        (
            "[blacklist]\nenabled = false\n",
            "error: `rotation.reuse_detection` cannot be on without the blacklist
 --> countersign.toml:2:11
  |
2 | enabled = false
  |           ^^^^^
  |
  = help: set `rotation.reuse_detection = false`, or `blacklist.enabled = true`",
        ),
        (
            "preset = \"simplejwt\"\n[jwt]\nrotate_refresh_tokens = true\n\
             [blacklist]\nenabled = false\n[rotation]\nreuse_detection = true\n",
            "error: `rotation.reuse_detection` cannot be on without the blacklist
 --> countersign.toml:7:19
  |
7 | reuse_detection = true
  |                   ^^^^
  |
  = help: set `rotation.reuse_detection = false`, or `blacklist.enabled = true` and `jwt.blacklist_after_rotation = true`",
        ),
        (
            "[jwt]\nauth_header_name = \"HTTP_X_ACCESS_TOKEN\"\n",
            "error: `jwt.auth_header_name` is the header's own name, not Django's key for it
 --> countersign.toml:2:20
  |
2 | auth_header_name = \"HTTP_X_ACCESS_TOKEN\"
  |                    ^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write `X-Access-Token`",
        ),
        (
            "[jwt]\njwk_url = \"http://id.example/keys\"\n",
            "error: `jwt.jwk_url`: http is for loopback addresses only: anybody on the way could replace the keys
 --> countersign.toml:2:11
  |
2 | jwk_url = \"http://id.example/keys\"
  |           ^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: use `https://`; `http://` is for addresses such as `127.0.0.1` and `localhost`",
        ),
        (
            "[jwt]\njwk_url = \"ftp://id.example/keys\"\n",
            "error: `jwt.jwk_url`: only https is understood
 --> countersign.toml:2:11
  |
2 | jwk_url = \"ftp://id.example/keys\"
  |           ^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: such as `https://id.example/.well-known/jwks.json`, or `\"\"` for none",
        ),
        (
            "[keys]\nmaster_key_file = \"\"\n",
            "error: `keys.master_key_file` must name a file
 --> countersign.toml:2:19
  |
2 | master_key_file = \"\"
  |                   ^^
  |
  = help: such as `master.key`, or leave it out: that is the default",
        ),
        (
            "presett = \"modern\"\n",
            "error: there is no setting `presett`
 --> countersign.toml:1:1
  |
1 | presett = ********
  | ^^^^^^^
  |
  = help: did you mean `preset`?",
        ),
        (
            "[store]\nurl = \"postgres://ann:hush@db/x\"\n",
            "error: `store.url`: PostgreSQL is not built yet
 --> countersign.toml:2:7
  |
2 | url = **************************
  |       ^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write `sqlite:countersign.db`, or an absolute path such as `sqlite:/var/lib/countersign/countersign.db`",
        ),
        (
            "[jwt]\nsigning_key = \"hush\n",
            "error: this is not TOML: invalid basic string, expected `\"`
--> countersign.toml:2:20
 = help: sections stand in brackets and texts in quotes: `[jwt]`, `issuer = \"me\"`",
        ),
        (
            "[server\n",
            "error: this is not TOML: unclosed table, expected `]`
 --> countersign.toml:1:8
  |
1 | [server
  |        ^
  |
  = help: sections stand in brackets and texts in quotes: `[jwt]`, `issuer = \"me\"`",
        ),
    ];

#[test]
fn sign_ins_are_throttled_by_default_and_to_the_limits_that_are_given() {
    let shown = |config: &Config| {
        let names = [
            "enabled",
            "per_account_and_address",
            "per_address",
            "per_account",
            "window",
        ];
        let values = names.map(|name| effective(config, &format!("throttle.{name}")).unwrap());
        values.join(" ")
    };
    for preset in Preset::ALL {
        let config = Config::load(None, &Environment::of_preset(preset)).unwrap();
        assert_eq!(
            shown(&config),
            r#"true 5 100 100 "5m""#,
            "{}",
            preset.name()
        );
        assert!(config.render_warnings(&Renderer::plain()).is_none());
    }
    let given = "[throttle]\nper_account_and_address = 3\nper_address = 1000\nper_account = 50\nwindow = \"1m\"\n";
    assert_eq!(shown(&load(given).unwrap()), r#"true 3 1000 50 "1m""#);
}

#[test]
fn without_throttling_there_is_a_warning() {
    let config = load("[throttle]\nenabled = false\n").unwrap();
    assert!(!config.policy.throttle.enabled);
    let warnings = config.render_warnings(&Renderer::plain()).unwrap();
    assert!(warnings.contains("passwords can be guessed"), "{warnings}");
}

#[test]
fn limits_that_throttle_nobody_or_everybody_are_refused() {
    for (line, told) in [
        ("per_account_and_address = 0", "from 1 to 1000 failures"),
        ("per_address = 1001", "from 1 to 1000 failures"),
        ("per_account = 9000000000", "from 1 to 1000 failures"),
        ("window = 0", "from 1 second to 24 hours"),
        ("window = \"2d\"", "from 1 second to 24 hours"),
    ] {
        let refused = refusal(&format!("[throttle]\n{line}\n"));
        assert!(refused.contains(told), "{line}: {refused}");
    }
}
