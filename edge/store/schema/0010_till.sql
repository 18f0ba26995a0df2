-- Where an open list lies: 0 at the counter, 1 the next one, from 2 on put aside (挂单), with why and since when.
ALTER TABLE sale RENAME COLUMN is_waiting TO place;
ALTER TABLE sale ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE sale ADD COLUMN aside_at INTEGER;

-- Packs that are sold in part (拆零). A line of such packs counts their units, and its price is that of a unit.
ALTER TABLE sale_line ADD COLUMN units INTEGER;
ALTER TABLE sale_pack ADD COLUMN units INTEGER;
CREATE TABLE opened_pack (
    code TEXT PRIMARY KEY,
    product TEXT NOT NULL,
    units INTEGER NOT NULL,
    rest INTEGER NOT NULL,
    opened_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX opened_pack_rest ON opened_pack (opened_at) WHERE rest > 0;

-- What the catalogue says of a drug, if it does: 处方药; 实名药, such as ephedrine compounds.
ALTER TABLE product ADD COLUMN is_prescription INTEGER;
ALTER TABLE product ADD COLUMN is_real_name INTEGER;

-- Sales that are settled with the insurance. A sale has one settlement after the other where packs came back; at most
-- one of them stands or is open. `asked` is sealed: it names the person. `is_elsewhere`: another terminal made it, and
-- it is cancelled here.
CREATE TABLE settlement (
    sale TEXT NOT NULL,
    nth INTEGER NOT NULL CHECK (nth >= 1),
    standing TEXT NOT NULL CHECK (
        standing IN ('none', 'asked', 'unknown', 'settled', 'undoing', 'undoing_unknown', 'undone')
    ),
    operator TEXT NOT NULL,
    shift TEXT,
    begun_at INTEGER NOT NULL,
    asked BLOB NOT NULL,
    ask_msgid TEXT,
    undo_msgid TEXT,
    setl_id TEXT,
    mdtrt_id TEXT,
    insutype TEXT NOT NULL,
    clr_type TEXT,
    clr_optins TEXT,
    settled_at INTEGER,
    undone_at INTEGER,
    fee TEXT NOT NULL,
    funds TEXT,
    account TEXT,
    mutual_aid TEXT,
    cash TEXT,
    told TEXT,
    is_elsewhere INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sale, nth)
) WITHOUT ROWID;
CREATE UNIQUE INDEX settlement_one ON settlement (sale) WHERE standing NOT IN ('none', 'undone');
CREATE INDEX settlement_ask ON settlement (ask_msgid) WHERE ask_msgid IS NOT NULL;
CREATE INDEX settlement_undo ON settlement (undo_msgid) WHERE undo_msgid IS NOT NULL;
CREATE INDEX settlement_setl ON settlement (setl_id) WHERE setl_id IS NOT NULL;
CREATE INDEX settlement_settled ON settlement (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX settlement_undone ON settlement (undone_at) WHERE undone_at IS NOT NULL;

-- What the centre's ledger has to be told of a sale or a return (3505, 3506), one row a message. `fields` is sealed.
-- `lacks`: what nobody here knows yet, such as the lot; the row waits for it. `after`: the row that goes before it.
CREATE TABLE ledger_row (
    id INTEGER PRIMARY KEY,
    infno TEXT NOT NULL CHECK (infno IN ('3505', '3506')),
    sale TEXT NOT NULL,
    nth INTEGER,
    line INTEGER NOT NULL,
    product TEXT NOT NULL DEFAULT '',
    operator TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL CHECK (state IN ('waiting', 'due', 'asked', 'taken', 'refused', 'dropped')),
    fields BLOB NOT NULL,
    lacks TEXT NOT NULL DEFAULT '',
    after INTEGER,
    msgid TEXT,
    due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    told TEXT
);
CREATE INDEX ledger_row_sale ON ledger_row (sale);
CREATE INDEX ledger_row_message ON ledger_row (msgid) WHERE msgid IS NOT NULL;
CREATE INDEX ledger_row_open ON ledger_row (due_at) WHERE state IN ('waiting', 'due', 'asked', 'refused');

-- What takes several messages, and goes on after a restart where it was: packs of a settled sale come back, a sale
-- that was paid in cash is turned into an insured one. `plan` is sealed.
CREATE TABLE undertaking (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('return', 'insure')),
    sale TEXT NOT NULL,
    step TEXT NOT NULL,
    plan BLOB NOT NULL,
    operator TEXT NOT NULL,
    shift TEXT,
    begun_at INTEGER NOT NULL,
    msgid TEXT,
    ended_at INTEGER,
    outcome TEXT,
    told TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX undertaking_open ON undertaking (sale) WHERE ended_at IS NULL;

-- The lot that lies on the shelf: no trace code carries it, and the ledger asks for it.
CREATE TABLE shelf_batch (
    product TEXT NOT NULL,
    batch TEXT NOT NULL,
    lot TEXT NOT NULL,
    made_on TEXT NOT NULL,
    expires_on TEXT,
    opened_at INTEGER NOT NULL,
    PRIMARY KEY (product, batch)
) WITHOUT ROWID;

-- Which lot a line of a sale was taken from, where somebody says it; else the one in use when it was sold.
CREATE TABLE line_batch (
    sale TEXT NOT NULL,
    line INTEGER NOT NULL,
    batch TEXT NOT NULL,
    PRIMARY KEY (sale, line)
) WITHOUT ROWID;

-- Packs that came back lie apart until somebody answers for them by name: a pack that was in a patient's hands is not
-- sold again by accident.
CREATE TABLE quarantine (
    code TEXT NOT NULL,
    sale TEXT NOT NULL,
    since INTEGER NOT NULL,
    reason TEXT NOT NULL,
    operator TEXT NOT NULL,
    released_at INTEGER,
    released_by TEXT,
    release_reason TEXT,
    PRIMARY KEY (code, sale)
) WITHOUT ROWID;
CREATE INDEX quarantine_here ON quarantine (code) WHERE released_at IS NULL;
