-- Every secret here is wrapped by the master key.

-- One row, there once the store has been given its first keys: a known text under the master key.
CREATE TABLE key_check (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    value BLOB NOT NULL
) STRICT;

CREATE TABLE signing_key (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    kid         TEXT    NOT NULL UNIQUE,
    algorithm   TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    since       INTEGER NOT NULL, -- milliseconds; the state's
    wrapped     BLOB,             -- dropped once the key verifies no more
    created_at  INTEGER NOT NULL, -- milliseconds
    promoted_at INTEGER,          -- milliseconds
    keep_until  INTEGER,          -- seconds
    CHECK ((wrapped IS NULL) = (state IN ('retired', 'revoked')))
) STRICT;

CREATE UNIQUE INDEX signing_key_one_active ON signing_key (state) WHERE state = 'active';

CREATE TABLE sealing_key (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    id         INTEGER NOT NULL UNIQUE,
    wrapped    BLOB    NOT NULL,
    created_at INTEGER NOT NULL -- milliseconds
) STRICT;
