-- One narrow row per session, addressed by its number.
CREATE TABLE session (
    number             INTEGER PRIMARY KEY,
    sid                BLOB    NOT NULL CHECK (length(sid) = 16),
    root               INTEGER NOT NULL,
    account            INTEGER NOT NULL, -- stays when the account goes
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
    CHECK ((ended_at IS NULL) = (cause IS NULL))
) STRICT;

-- No index has a column that a rotation writes.
CREATE UNIQUE INDEX session_root_by_sid ON session (sid) WHERE number = root;
CREATE INDEX session_by_account ON session (account);
CREATE INDEX session_live_root_by_account ON session (account) WHERE number = root AND ended_at IS NULL;
