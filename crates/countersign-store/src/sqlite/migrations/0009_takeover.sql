-- What was imported of an account last: it tells who has changed the account since. Goes with the account.
CREATE TABLE imported_account (
    id        INTEGER PRIMARY KEY,
    password  BLOB    NOT NULL CHECK (length(password) = 32), -- SHA-256 of its mark
    active    INTEGER NOT NULL CHECK (active IN (0, 1)),
    staff     INTEGER NOT NULL CHECK (staff IN (0, 1)),
    superuser INTEGER NOT NULL CHECK (superuser IN (0, 1)),
    profile   BLOB    NOT NULL CHECK (length(profile) = 32)   -- SHA-256
) STRICT;

-- Deleted accounts: no import may bring their numbers back, and whoever takes one of their names inherits no token.
CREATE TABLE retired_account (
    id       INTEGER PRIMARY KEY,
    username TEXT    NOT NULL,
    email    TEXT    NOT NULL,
    imported INTEGER NOT NULL CHECK (imported IN (0, 1))
) STRICT;

CREATE INDEX retired_account_by_username ON retired_account (username);
CREATE INDEX retired_account_by_email ON retired_account (email);

-- One row once another system's accounts are being taken over.
CREATE TABLE takeover (
    only INTEGER PRIMARY KEY CHECK (only = 1)
) STRICT;
