//! A Django site's database, as its migrations make it, filled by SQL.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign_token::{Algorithm, ClaimsSet, HeaderForm, SigningKey, Timestamp};
use rusqlite::{Connection, params};

/// The signing key of the site.
pub(crate) const KEY: &str = "kU3vXq8wPz1RtY6mNb4cDf7gHj9sLaEe0iOoWxZq2T5y";

/// `pw1` as Django stores it; from the golden data of the hashes.
pub(crate) const PW1: &str =
    "pbkdf2_sha256$1000$Abcdefghij0123456789XY$3MqmR+YgqDTTc/XgI3KPZw4MW5ltsFgA1OJUatAiRoc=";

/// A site on SQLite.
pub(crate) struct Site {
    pub(crate) path: PathBuf,
    pub(crate) database: Connection,
}

impl Site {
    /// A site without users.
    pub(crate) fn at(path: PathBuf) -> Self {
        let database = Connection::open(&path).unwrap();
        database.execute_batch(SCHEMA).unwrap();
        Self { path, database }
    }

    /// One with ann, who is staff, bob, and cid, who may not sign in; the password of all is `pw1`.
    pub(crate) fn with_users(path: PathBuf) -> Self {
        let site = Self::at(path);
        for (id, name) in [(1, "ann"), (2, "bob"), (3, "cid")] {
            site.user(id, name, PW1);
        }
        site.change("UPDATE auth_user SET is_staff = 1 WHERE id = 1");
        site.change("UPDATE auth_user SET is_active = 0 WHERE id = 3");
        site
    }

    pub(crate) fn user(&self, id: i64, name: &str, password: &str) {
        self.database
            .execute(
                "INSERT INTO auth_user (id, username, password, email, first_name, last_name, is_active,
                                        is_staff, is_superuser, last_login, date_joined)
                 VALUES (?1, ?2, ?3, ?2 || '@example.org', '', '', 1, 0, 0, '2024-02-29 12:00:00',
                         '2020-01-02 03:04:05.678901')",
                params![id, name, password],
            )
            .unwrap();
    }

    /// Records a refresh token of a user, as `RefreshToken.for_user` does, and returns it.
    pub(crate) fn token(&self, user: i64, token_id: &str) -> String {
        let (token, expires_at) = mint("refresh", user, token_id);
        self.database
            .execute(
                "INSERT INTO token_blacklist_outstandingtoken (user_id, jti, token, created_at, expires_at)
                 VALUES (?1, ?2, ?3, datetime('now'), datetime(?4, 'unixepoch'))",
                params![user, token_id, token, expires_at.seconds()],
            )
            .unwrap();
        token
    }

    pub(crate) fn blacklist(&self, token_id: &str) {
        self.database
            .execute(
                "INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
                 SELECT id, datetime('now') FROM token_blacklist_outstandingtoken WHERE jti = ?1",
                [token_id],
            )
            .unwrap();
    }

    /// Whether the site would refuse a token of that id.
    pub(crate) fn has_blacklisted(&self, token_id: &str) -> bool {
        self.database
            .prepare(
                "SELECT 1 FROM token_blacklist_blacklistedtoken
                 JOIN token_blacklist_outstandingtoken AS t ON t.id = token_id
                 WHERE t.jti = ?1",
            )
            .unwrap()
            .exists([token_id])
            .unwrap()
    }

    /// Every user, as text.
    pub(crate) fn rows(&self) -> Vec<String> {
        let mut rows = self
            .database
            .prepare("SELECT concat_ws('|', id, password, last_login, is_superuser, username, last_name, email, is_staff, is_active, date_joined) FROM auth_user ORDER BY id")
            .unwrap();
        let rows = rows.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    pub(crate) fn change(&self, statement: &str) {
        self.database.execute_batch(statement).unwrap();
    }

    pub(crate) fn value<T: rusqlite::types::FromSql>(&self, query: &str) -> T {
        self.database
            .query_row(query, [], |row| row.get(0))
            .unwrap()
    }
}

/// A token that the site has signed, and its `exp`: an hour from now.
pub(crate) fn mint(kind: &str, user: i64, token_id: &str) -> (String, Timestamp) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Timestamp::from_seconds(i64::try_from(now.as_secs()).unwrap());
    let expires_at = now.plus(Duration::from_hours(1));
    let mut claims = ClaimsSet::new();
    claims.insert("token_type", kind).unwrap();
    claims.set_expiration(expires_at);
    claims.set_issued_at(now);
    claims.set_token_id(token_id).unwrap();
    claims.insert("user_id", user.to_string()).unwrap();
    let key = SigningKey::from_secret(Algorithm::Hs256, KEY.as_bytes()).unwrap();
    let token = key.encode(HeaderForm::Plain, &claims).unwrap();
    (token.into_string(), expires_at)
}

/// A configuration that means the same as the site's settings.
pub(crate) fn settings() -> String {
    format!(
        "preset = \"simplejwt\"\njwt.signing_key = \"{KEY}\"\n\
         jwt.rotate_refresh_tokens = true\njwt.blacklist_after_rotation = true\n"
    )
}

/// Every byte of the database and its write-ahead log.
pub(crate) fn bytes(path: &Path) -> Vec<Vec<u8>> {
    let wal = PathBuf::from(format!("{}-wal", path.display()));
    [path, &wal]
        .map(|path| std::fs::read(path).unwrap_or_default())
        .to_vec()
}

const SCHEMA: &str = r#"
CREATE TABLE "auth_user" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL,
    "last_login" datetime NULL, "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE,
    "last_name" varchar(150) NOT NULL, "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL,
    "is_active" bool NOT NULL, "date_joined" datetime NOT NULL, "first_name" varchar(150) NOT NULL
);
CREATE TABLE "token_blacklist_outstandingtoken" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "token" text NOT NULL, "created_at" datetime NULL,
    "expires_at" datetime NOT NULL,
    "user_id" integer NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED,
    "jti" varchar(255) NOT NULL UNIQUE
);
CREATE TABLE "token_blacklist_blacklistedtoken" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "blacklisted_at" datetime NOT NULL,
    "token_id" bigint NOT NULL UNIQUE
        REFERENCES "token_blacklist_outstandingtoken" ("id") DEFERRABLE INITIALLY DEFERRED
);
"#;
