-- What went between the institution's software and the interface, one row an exchange; nothing in it is of a person.
-- `remarks` is a JSON list of pairs, Chinese and English.
CREATE TABLE pos_exchange (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    infno TEXT NOT NULL,
    msgid TEXT NOT NULL,
    institution TEXT NOT NULL,
    stage TEXT NOT NULL CHECK (stage IN ('sending', 'answered', 'unknown', 'not_sent', 'refused_here')),
    took_us INTEGER NOT NULL,
    status INTEGER NOT NULL,
    infcode TEXT NOT NULL,
    request_bytes INTEGER NOT NULL,
    answer_bytes INTEGER NOT NULL,
    request_digest TEXT NOT NULL,
    sent_digest TEXT NOT NULL,
    answer_digest TEXT NOT NULL,
    added INTEGER NOT NULL,
    remarks TEXT NOT NULL
);
CREATE INDEX pos_exchange_at ON pos_exchange (at);
CREATE INDEX pos_exchange_sending ON pos_exchange (msgid, request_digest) WHERE stage = 'sending';
-- What listening understood of an exchange (sealed: refusals may name people).
CREATE TABLE pos_heard (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    fact BLOB NOT NULL
);
CREATE INDEX pos_heard_at ON pos_heard (at);
-- Messages of that software whose outcome is not known, or was not for a time. `asked` (sealed) goes with the outcome;
-- `answer` (sealed) is kept for whoever asks again. `is_doubtful`: the store was damaged or copied, and the row may be
-- older than the truth.
CREATE TABLE pos_question (
    institution TEXT NOT NULL,
    msgid TEXT NOT NULL,
    infno TEXT NOT NULL,
    at INTEGER NOT NULL,
    request_digest TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'reversed', 'put_aside')),
    asked BLOB,
    answer BLOB,
    closed_at INTEGER,
    told_at INTEGER,
    is_doubtful INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (institution, msgid)
) WITHOUT ROWID;
CREATE INDEX pos_question_open ON pos_question (at) WHERE state = 'open';
-- Codes of the desk that belong to a sale of that software. `setl_id` is empty as long as nobody has given one.
CREATE TABLE pos_binding (
    code TEXT PRIMARY KEY,
    institution TEXT NOT NULL,
    msgid TEXT NOT NULL,
    setl_id TEXT NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX pos_binding_sale ON pos_binding (setl_id) WHERE setl_id <> '';
CREATE INDEX pos_binding_message ON pos_binding (msgid);
-- Codes that could not go along with a sale and are to follow by a 3505 of ours. `lacks`: what is not known for it.
CREATE TABLE pos_owed (
    code TEXT PRIMARY KEY,
    institution TEXT NOT NULL,
    setl_id TEXT NOT NULL,
    item TEXT NOT NULL,
    serial TEXT NOT NULL,
    line BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'done', 'refused')),
    lacks TEXT NOT NULL,
    msgid TEXT,
    at INTEGER NOT NULL
) WITHOUT ROWID;
-- From a product to its other codes: a line of a sale names a national one, a scan the code of a pack.
CREATE INDEX identifier_product ON identifier (product, system);
