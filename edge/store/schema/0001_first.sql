-- The store of a terminal. Times are microseconds since 1970, UTC. Money is text, so that no digit is lost.

-- One row: which terminal, which life of the store, and where its history stands.
CREATE TABLE terminal_state (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    terminal TEXT NOT NULL,
    epoch TEXT NOT NULL,
    next_seq INTEGER NOT NULL CHECK (next_seq >= 1),
    last_hash TEXT NOT NULL,
    hlc INTEGER NOT NULL,
    clock_offset_ms INTEGER,
    mode TEXT NOT NULL CHECK (mode IN ('dispense', 'receive')),
    credentials_seen INTEGER NOT NULL DEFAULT 0
);

-- Everything the centre must hear. A row leaves `pending` only by a receipt of the centre.
CREATE TABLE outbox (
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 1),
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    hlc INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead')),
    held_until INTEGER,
    dead_code TEXT,
    delivered_at INTEGER,
    bytes BLOB NOT NULL,
    PRIMARY KEY (epoch, seq)
) WITHOUT ROWID;
-- `state` stands in each index although it is constant there: without it SQLite looks up every row to see it.
CREATE INDEX outbox_pending ON outbox (epoch, seq, created_at, held_until, state) WHERE state = 'pending';
CREATE INDEX outbox_delivered ON outbox (delivered_at, state) WHERE state = 'delivered';
CREATE INDEX outbox_dead ON outbox (created_at, state) WHERE state = 'dead';

-- Operators, their shifts and their browsers.
CREATE TABLE operator (
    login TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE guess (
    login TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    locked_until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE shift (
    id TEXT PRIMARY KEY,
    operator TEXT NOT NULL REFERENCES operator (login),
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    sales INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE UNIQUE INDEX shift_one_open ON shift ((closed_at IS NULL)) WHERE closed_at IS NULL;
CREATE TABLE session (
    token_digest TEXT PRIMARY KEY,
    shift TEXT NOT NULL REFERENCES shift (id),
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The matching library, as imported.
CREATE TABLE catalogue_import (
    id INTEGER PRIMARY KEY,
    imported_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    digest TEXT NOT NULL,
    products INTEGER NOT NULL,
    identifiers INTEGER NOT NULL,
    problems INTEGER NOT NULL
);
CREATE TABLE product (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    spec TEXT NOT NULL,
    maker TEXT NOT NULL,
    insurance_class TEXT NOT NULL,
    price TEXT NOT NULL,
    unit TEXT NOT NULL,
    units_per_pack INTEGER NOT NULL,
    is_device INTEGER NOT NULL,
    is_invented INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE identifier (
    system TEXT NOT NULL,
    key TEXT NOT NULL,
    product TEXT NOT NULL REFERENCES product (id),
    level TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (system, key)
) WITHOUT ROWID;

-- Sales and deliveries: the same list of lines, in one of two modes.
CREATE TABLE sale (
    id TEXT PRIMARY KEY,
    day TEXT NOT NULL,
    number INTEGER NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('dispense', 'receive')),
    state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'cancelled')),
    operator TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    ended_at INTEGER,
    alarms INTEGER NOT NULL DEFAULT 0,
    UNIQUE (day, number)
) WITHOUT ROWID;
CREATE UNIQUE INDEX sale_one_open ON sale (state) WHERE state = 'open';
CREATE TABLE sale_line (
    sale TEXT NOT NULL REFERENCES sale (id),
    line INTEGER NOT NULL CHECK (line >= 1),
    item TEXT NOT NULL,
    product TEXT,
    name TEXT,
    spec TEXT,
    insurance_class TEXT,
    price TEXT,
    quantity INTEGER NOT NULL CHECK (quantity >= 0),
    event TEXT,
    PRIMARY KEY (sale, line),
    UNIQUE (sale, item)
) WITHOUT ROWID;
CREATE TABLE sale_pack (
    sale TEXT NOT NULL,
    code TEXT NOT NULL,
    line INTEGER NOT NULL,
    reading TEXT NOT NULL,
    placed INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('listed', 'sold', 'received', 'removed', 'returned')),
    PRIMARY KEY (sale, code),
    FOREIGN KEY (sale, line) REFERENCES sale_line (sale, line)
) WITHOUT ROWID;
CREATE INDEX sale_pack_sold ON sale_pack (code) WHERE state = 'sold';

-- Every scan as it came, except personal credentials, of which nothing is kept.
CREATE TABLE scan (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    device TEXT NOT NULL,
    symbology TEXT,
    raw BLOB NOT NULL,
    kind TEXT NOT NULL,
    verdict TEXT NOT NULL,
    sale TEXT,
    event TEXT,
    shown BLOB NOT NULL
);

-- Answers already given, so that a repeated request changes nothing.
CREATE TABLE answered_request (
    key TEXT PRIMARY KEY,
    asked TEXT NOT NULL,
    answer BLOB NOT NULL,
    answered_at INTEGER NOT NULL
) WITHOUT ROWID;
