-- Every secret here is wrapped by the master key.

-- One row, there once the store has been given its first keys: a known text under the master key.
CREATE TABLE key_check (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    value BLOB NOT NULL
) STRICT;

CREATE TABLE signing_key (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    kid        TEXT    NOT NULL UNIQUE,
    algorithm  TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    wrapped    BLOB    NOT NULL,
    created_at INTEGER NOT NULL -- milliseconds
) STRICT;

CREATE TABLE sealing_key (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    id         INTEGER NOT NULL UNIQUE,
    wrapped    BLOB    NOT NULL,
    created_at INTEGER NOT NULL -- milliseconds
) STRICT;
