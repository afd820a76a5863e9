-- The revocation log. There is one writer at a time, so sequence follows commit order.
CREATE TABLE revocation (
    sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
    scope     TEXT    NOT NULL,
    token_id  TEXT,
    session   INTEGER, -- the root that ended, or the one that lives on
    sid       BLOB,
    account   INTEGER,
    upto      INTEGER,
    kid       TEXT,
    state     TEXT,
    cause     TEXT,
    at        INTEGER NOT NULL, -- milliseconds
    forget_at INTEGER NOT NULL, -- seconds
    CHECK (CASE scope
        WHEN 'token'           THEN token_id IS NOT NULL
        WHEN 'session'         THEN session IS NOT NULL AND sid IS NOT NULL
        WHEN 'account_upto'    THEN account IS NOT NULL AND upto IS NOT NULL
        WHEN 'everything_upto' THEN upto IS NOT NULL
        WHEN 'key'             THEN kid IS NOT NULL
        WHEN 'key_ring'        THEN TRUE
        WHEN 'account_state'   THEN account IS NOT NULL AND state IS NOT NULL
        ELSE FALSE
    END)
) STRICT;

CREATE INDEX revocation_by_forget_at ON revocation (forget_at);
