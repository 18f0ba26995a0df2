-- Programs that may ask the interface without a browser's sign-in. Of a token only the digest is kept; one that was
-- revoked stays, because its name stands in records.
CREATE TABLE api_token (
    digest TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    used_at INTEGER
);
CREATE UNIQUE INDEX api_token_name ON api_token (name) WHERE revoked_at IS NULL;
