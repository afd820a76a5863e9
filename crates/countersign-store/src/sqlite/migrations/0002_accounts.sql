-- AUTOINCREMENT: the number of a deleted account never comes back.
CREATE TABLE account (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    username             TEXT    NOT NULL UNIQUE,
    email                TEXT    NOT NULL,
    password             TEXT    NOT NULL,
    credential_version   INTEGER NOT NULL,
    active               INTEGER NOT NULL CHECK (active IN (0, 1)),
    staff                INTEGER NOT NULL CHECK (staff IN (0, 1)),
    superuser            INTEGER NOT NULL CHECK (superuser IN (0, 1)),
    role                 INTEGER NOT NULL,
    password_needs_reset INTEGER NOT NULL CHECK (password_needs_reset IN (0, 1)),
    created_at           INTEGER NOT NULL, -- milliseconds
    last_login           INTEGER,          -- milliseconds
    revoked_before       INTEGER           -- seconds
) STRICT;
