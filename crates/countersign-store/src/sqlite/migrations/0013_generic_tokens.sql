-- A session may be nobody's, and it may have no refresh token. SQLite changes no constraint in place.
CREATE TABLE wider_session (
    number             INTEGER PRIMARY KEY,
    sid                BLOB    NOT NULL CHECK (length(sid) = 16),
    root               INTEGER NOT NULL,
    account            INTEGER,          -- stays when the account goes; none: nobody's
    generation         INTEGER NOT NULL CHECK (generation BETWEEN 0 AND 16777215),
    sealing_key        INTEGER NOT NULL,
    created_at         INTEGER NOT NULL, -- milliseconds
    rotated_at         INTEGER NOT NULL, -- milliseconds
    refresh_expires_at INTEGER NOT NULL, -- seconds
    deadline           INTEGER,          -- seconds
    keep_until         INTEGER NOT NULL, -- seconds
    credential_version INTEGER NOT NULL,
    client             INTEGER NOT NULL, -- 64 bits
    enabled            INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    ended_at           INTEGER,          -- milliseconds
    cause              TEXT,
    blacklisted_at     INTEGER,          -- milliseconds
    history            INTEGER,
    -- What generation 0 is: 0 a refresh token, 1 a sliding token, 2 a token that somebody else minted, 3 a refresh
    -- token with data of its own, 4 none: the session has one token of another kind.
    first_token        INTEGER NOT NULL DEFAULT 0 CHECK (first_token IN (0, 1, 2, 3, 4)),
    CHECK ((ended_at IS NULL) = (cause IS NULL))
) STRICT;

INSERT INTO wider_session (
    number, sid, root, account, generation, sealing_key, created_at, rotated_at, refresh_expires_at, deadline,
    keep_until, credential_version, client, enabled, ended_at, cause, blacklisted_at, history, first_token
)
SELECT
    number, sid, root, account, generation, sealing_key, created_at, rotated_at, refresh_expires_at, deadline,
    keep_until, credential_version, client, enabled, ended_at, cause, blacklisted_at, history, first_token
FROM session;

DROP TABLE session;
ALTER TABLE wider_session RENAME TO session;

-- No index has a column that a rotation writes.
CREATE UNIQUE INDEX session_root_by_sid ON session (sid) WHERE number = root;
CREATE INDEX session_by_account ON session (account);
CREATE INDEX session_live_root_by_account ON session (account) WHERE number = root AND ended_at IS NULL;
