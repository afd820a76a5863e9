-- AUTOINCREMENT: the number of a deleted account never comes back.
CREATE TABLE account (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid                 BLOB    NOT NULL UNIQUE CHECK (length(uuid) = 16),
    username             TEXT    NOT NULL UNIQUE,
    email                TEXT    NOT NULL, -- several accounts may share one: Django's do
    email_verified       INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    password             TEXT    NOT NULL,
    password_mark        TEXT    NOT NULL, -- taken when the password last changed
    credential_version   INTEGER NOT NULL,
    active               INTEGER NOT NULL CHECK (active IN (0, 1)),
    staff                INTEGER NOT NULL CHECK (staff IN (0, 1)),
    superuser            INTEGER NOT NULL CHECK (superuser IN (0, 1)),
    role                 INTEGER NOT NULL,
    password_needs_reset INTEGER NOT NULL CHECK (password_needs_reset IN (0, 1)),
    created_at           INTEGER NOT NULL, -- milliseconds
    last_login           INTEGER,          -- milliseconds
    revoked_before       INTEGER,          -- seconds
    attributes           TEXT    NOT NULL  -- a JSON object
) STRICT;

CREATE INDEX account_by_email ON account (email);
