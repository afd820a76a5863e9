-- Refresh tokens that were rotated out, for the lists alone: they decide nothing. Every refresh adds a row, so rows
-- stand in the order of their rotations and have no index: the rotations of one commit share a page or two. The rows
-- of a session are a chain, from `session.history` along `previous`, generation by generation downwards.
CREATE TABLE token_history (
    id             INTEGER PRIMARY KEY,
    session        INTEGER NOT NULL,
    generation     INTEGER NOT NULL CHECK (generation BETWEEN 0 AND 16777215),
    created_at     INTEGER NOT NULL, -- milliseconds
    expires_at     INTEGER NOT NULL, -- seconds
    blacklisted_at INTEGER NOT NULL, -- milliseconds
    previous       INTEGER           -- may be purged, and its id another row's by now
) STRICT;

ALTER TABLE session ADD COLUMN history INTEGER;

-- What generation 0 is: 0 a refresh token, 1 a sliding token, 2 a token that somebody else minted.
ALTER TABLE session ADD COLUMN first_token INTEGER NOT NULL DEFAULT 0 CHECK (first_token IN (0, 1, 2));

CREATE INDEX foreign_token_by_account ON foreign_token (account, token_id);
CREATE INDEX revocation_of_everything ON revocation (upto, at) WHERE scope = 'everything_upto';
