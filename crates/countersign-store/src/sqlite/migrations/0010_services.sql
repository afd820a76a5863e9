-- Service credentials. The secret itself is kept nowhere.
CREATE TABLE service_credential (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL, -- several that are revoked or expired may share one
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32), -- SHA-256
    scopes     TEXT    NOT NULL, -- with a blank between them
    created_at INTEGER NOT NULL, -- milliseconds
    expires_at INTEGER,          -- seconds
    revoked_at INTEGER           -- milliseconds
) STRICT;

CREATE INDEX service_credential_by_name ON service_credential (name);

-- Which service credential an event concerns, by name.
ALTER TABLE audit_event ADD COLUMN service TEXT;
