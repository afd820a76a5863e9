-- The devices that sessions were opened from: one row at most for a session, written and purged with it, never changed.
-- It decides nothing. A column that is NULL is not known.
CREATE TABLE device (
    session         INTEGER PRIMARY KEY,
    ip              TEXT,
    is_mobile       INTEGER CHECK (is_mobile IN (0, 1)),
    is_tablet       INTEGER CHECK (is_tablet IN (0, 1)),
    is_pc           INTEGER CHECK (is_pc IN (0, 1)),
    is_bot          INTEGER CHECK (is_bot IN (0, 1)),
    browser         TEXT,
    browser_version TEXT,
    os              TEXT,
    os_version      TEXT,
    device          TEXT,
    device_brand    TEXT,
    device_model    TEXT,
    user_agent      TEXT
) STRICT;
