-- Append-only.
CREATE TABLE audit_event (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL, -- milliseconds
    kind    TEXT    NOT NULL,
    actor   TEXT    NOT NULL,
    subject INTEGER,          -- account
    session BLOB,             -- sid
    ip      TEXT,
    cause   TEXT,
    key     TEXT              -- kid
) STRICT;
