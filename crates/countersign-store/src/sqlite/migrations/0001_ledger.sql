-- One row: what concerns everybody.
CREATE TABLE ledger (
    only           INTEGER PRIMARY KEY CHECK (only = 1),
    -- The highest session number drawn so far. It outlives the rows, so that no number comes back.
    sessions_drawn INTEGER NOT NULL CHECK (sessions_drawn BETWEEN 0 AND 4398046511103),
    -- Foreign tokens issued up to this second are refused.
    revoked_before INTEGER,
    -- Up to this second the store has been purged.
    purged_until   INTEGER,
    -- Up to this second the last purge would have liked to go.
    purge_wanted   INTEGER
) STRICT;

INSERT INTO ledger (only, sessions_drawn) VALUES (1, 0);
