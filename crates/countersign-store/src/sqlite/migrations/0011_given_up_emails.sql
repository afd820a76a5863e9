-- Addresses that accounts had before they got others: whoever signs up with one inherits no token.
CREATE TABLE given_up_email (
    email TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
