-- What was imported of an account last: it tells who has changed the account since. Goes with the account.
CREATE TABLE imported_account (
    id       INTEGER PRIMARY KEY,
    password BLOB    NOT NULL CHECK (length(password) = 32), -- SHA-256
    active   INTEGER NOT NULL CHECK (active IN (0, 1)),
    profile  BLOB    NOT NULL CHECK (length(profile) = 32)   -- SHA-256
) STRICT;

-- The numbers of deleted accounts, which no import may bring back.
CREATE TABLE retired_account (
    id INTEGER PRIMARY KEY
) STRICT;
