-- What is said to the national interface: each message from before it leaves until its outcome is known. `asked` and
-- `answer` are sealed; `asked` goes as soon as the outcome is known. `is_doubtful`: the store was damaged or copied, and
-- the row may be older than the truth.
CREATE TABLE fsi_message (
    msgid TEXT PRIMARY KEY,
    infno TEXT NOT NULL,
    kind TEXT NOT NULL,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('composed', 'answered', 'refused', 'unknown', 'reversed', 'not_sent')),
    asked BLOB,
    composed_at INTEGER NOT NULL,
    sent_at INTEGER,
    answered_at INTEGER,
    tries INTEGER NOT NULL DEFAULT 0,
    refusal_code TEXT,
    refmsgid TEXT,
    answer BLOB,
    reverses TEXT,
    is_doubtful INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX fsi_message_open ON fsi_message (composed_at) WHERE state IN ('composed', 'unknown');
CREATE INDEX fsi_message_purpose ON fsi_message (kind, purpose);
CREATE INDEX fsi_message_reverses ON fsi_message (reverses) WHERE reverses IS NOT NULL;
-- The last second for which a number was given out, and how many of it: the clock may be set back, this never is.
CREATE TABLE fsi_number (
    institution TEXT PRIMARY KEY,
    last_at INTEGER NOT NULL,
    given INTEGER NOT NULL
);
-- Who is signed in to the interface (9001), by the number under which it knows the operator. `sealed` holds the sign-in.
CREATE TABLE fsi_sign_in (
    operator TEXT PRIMARY KEY,
    sealed BLOB NOT NULL,
    began_at INTEGER NOT NULL
);
