-- Refresh tokens that somebody else minted: imported, used, or blacklisted.
CREATE TABLE foreign_token (
    token_id       TEXT    NOT NULL PRIMARY KEY,
    account        INTEGER,
    created_at     INTEGER NOT NULL, -- milliseconds
    expires_at     INTEGER NOT NULL, -- seconds
    blacklisted_at INTEGER,          -- milliseconds
    session        INTEGER           -- the session that its first use opened
) STRICT;

CREATE INDEX foreign_token_by_expiry ON foreign_token (expires_at);
