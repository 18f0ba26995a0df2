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
-- older than the truth. `is_unread`: that software has an answer which could not be read here. `sale`: equal for another
-- message about the same sale, digested with the terminal's key. `setl_id`: of the settlement that it was found to be.
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
    is_unread INTEGER NOT NULL DEFAULT 0,
    sale TEXT NOT NULL DEFAULT '',
    setl_id TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (institution, msgid)
) WITHOUT ROWID;
CREATE INDEX pos_question_untold ON pos_question (sale) WHERE setl_id <> '' AND told_at IS NULL;
CREATE INDEX pos_question_open ON pos_question (at) WHERE state = 'open';
-- Codes of the desk that belong to a sale of that software. `setl_id` is empty as long as nobody has given one. A pack
-- that is sold in part belongs to several. `receipt`: under which the software has told the ledger of it.
CREATE TABLE pos_binding (
    code TEXT NOT NULL,
    institution TEXT NOT NULL,
    msgid TEXT NOT NULL,
    setl_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    receipt TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (code, setl_id)
) WITHOUT ROWID;
CREATE INDEX pos_binding_sale ON pos_binding (setl_id) WHERE setl_id <> '';
CREATE INDEX pos_binding_receipt ON pos_binding (receipt) WHERE receipt <> '';
CREATE INDEX pos_binding_message ON pos_binding (msgid);
-- Codes that could not go along with a sale and are to follow by a 3505 of ours. `lacks`: what is not known for it.
CREATE TABLE pos_owed (
    code TEXT NOT NULL,
    institution TEXT NOT NULL,
    setl_id TEXT NOT NULL,
    item TEXT NOT NULL,
    serial TEXT NOT NULL,
    line BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'done', 'refused')),
    lacks TEXT NOT NULL,
    msgid TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (code, setl_id)
) WITHOUT ROWID;
-- From a product to its other codes: a line of a sale names a national one, a scan the code of a pack.
CREATE INDEX identifier_product ON identifier (product, system);

-- Where an open list lies: 0 at the counter, 1 the next one, from 2 on put aside (挂单), with why and since when.
ALTER TABLE sale RENAME COLUMN is_waiting TO place;
ALTER TABLE sale ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE sale ADD COLUMN aside_at INTEGER;
-- Set where the institution's own software rang the sale up: the number under which its settlement is kept here and
-- under which its facts are told, for that software's messages name it so.
ALTER TABLE sale ADD COLUMN told_as TEXT;
-- Lines that sales before it were told by under that number: one that is rung up anew under it is told by further ones,
-- or its packs would stand as those that came back.
ALTER TABLE sale ADD COLUMN told_from INTEGER NOT NULL DEFAULT 0;
-- Under which number the settlement is kept that pays for what stays of it, where that is another one by now.
ALTER TABLE sale ADD COLUMN paid_as TEXT;
CREATE INDEX sale_told_as ON sale (told_as) WHERE told_as IS NOT NULL;

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
-- it is cancelled here. `is_by_pos`: the institution's own software made it, through the proxy; `sale` is then what
-- `sale.told_as` says, and there may be none of it here. `is_undone_by_pos`: that software cancelled it, and paid back.
-- `first_at`, `first_cash`, `first_undone_at`: when and what the person paid, and when they got it back, where the
-- centre had lost that and was told once more.
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
    is_by_pos INTEGER NOT NULL DEFAULT 0,
    is_undone_by_pos INTEGER NOT NULL DEFAULT 0,
    first_at INTEGER,
    first_cash TEXT,
    first_undone_at INTEGER,
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
-- that was paid in cash is turned into an insured one, a settlement that the centre has lost is told to it once more.
-- `plan` is sealed. `into_drawer`: yuan that went into the drawer when it ended, for what stays of a sale whose
-- settlement was cancelled, or beyond what was paid before for one that was told again.
CREATE TABLE undertaking (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('return', 'insure', 'tell')),
    sale TEXT NOT NULL,
    step TEXT NOT NULL,
    plan BLOB NOT NULL,
    operator TEXT NOT NULL,
    shift TEXT,
    begun_at INTEGER NOT NULL,
    msgid TEXT,
    ended_at INTEGER,
    outcome TEXT,
    told TEXT,
    into_drawer TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX undertaking_open ON undertaking (sale) WHERE ended_at IS NULL;
CREATE INDEX undertaking_sale ON undertaking (sale);
CREATE INDEX undertaking_ended ON undertaking (ended_at) WHERE ended_at IS NOT NULL;

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

-- Packs that lie apart at the other terminals of the site, as far as they were heard: hints.
CREATE TABLE site_apart (
    code TEXT NOT NULL,
    terminal TEXT NOT NULL,
    sale TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (code, terminal)
) WITHOUT ROWID;
CREATE INDEX site_apart_terminal ON site_apart (terminal);

-- Ends of business days: each attempt is a row of its own, and reopening begins another one. `found`: what was still
-- open. A difference is kept until the next attempt finds it gone; `person` of it is sealed.
CREATE TABLE day_end (
    day TEXT NOT NULL,
    nth INTEGER NOT NULL CHECK (nth >= 1),
    state TEXT NOT NULL CHECK (state IN ('closed', 'incomplete', 'differs', 'reopened')),
    operator TEXT NOT NULL,
    ended_at INTEGER NOT NULL,
    first_date TEXT NOT NULL,
    last_date TEXT NOT NULL,
    figures TEXT NOT NULL,
    reopened_by TEXT,
    reopened_at INTEGER,
    reason TEXT,
    PRIMARY KEY (day, nth)
) WITHOUT ROWID;
CREATE TABLE day_difference (
    day TEXT NOT NULL,
    nth INTEGER NOT NULL,
    number INTEGER NOT NULL,
    result TEXT NOT NULL,
    setl_id TEXT NOT NULL,
    msgid TEXT NOT NULL,
    is_refund INTEGER NOT NULL,
    desk TEXT NOT NULL,
    fee TEXT NOT NULL,
    memo TEXT NOT NULL,
    PRIMARY KEY (day, nth, number)
) WITHOUT ROWID;

-- What went through the drawer within a time.
CREATE INDEX outbox_cash ON outbox (created_at) WHERE kind IN ('dispensed', 'split_dispensed', 'sale_returned');

-- The counter goes from one person to the next: what lay in the drawer, and what was not finished. Whoever has the
-- counter may count the drawer too, or state what it begins with: giver and taker are one then.
CREATE TABLE hand_over (
    id INTEGER PRIMARY KEY,
    shift TEXT NOT NULL,
    giver TEXT NOT NULL,
    taker TEXT NOT NULL,
    at INTEGER NOT NULL,
    cash_expected TEXT NOT NULL,
    cash_counted TEXT NOT NULL,
    unfinished TEXT NOT NULL,
    note TEXT NOT NULL
);

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

-- Visits by one 医保码: each step once. `person` is a digest that only this terminal's key can make; `holder` is sealed
-- and goes as soon as the hospital's system has been told.
CREATE TABLE visit_step (
    id TEXT PRIMARY KEY,
    visit TEXT NOT NULL,
    step TEXT NOT NULL,
    item TEXT NOT NULL,
    by TEXT NOT NULL CHECK (by IN ('voucher', 'face', 'card', 'id')),
    person TEXT NOT NULL,
    at INTEGER NOT NULL,
    operator TEXT NOT NULL,
    telling TEXT NOT NULL CHECK (telling IN ('due', 'told', 'refused', 'none')),
    holder BLOB,
    due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    answer TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX visit_step_once ON visit_step (visit, step, item) WHERE telling <> 'refused';
CREATE INDEX visit_step_due ON visit_step (due_at) WHERE telling = 'due';
CREATE INDEX visit_step_at ON visit_step (at);

-- Packs of sales of the site that came back, at whichever terminal of it, as far as it was heard: hints.
CREATE TABLE site_back (
    code TEXT NOT NULL,
    sale TEXT NOT NULL,
    terminal TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (code, sale, terminal)
) WITHOUT ROWID;
CREATE INDEX site_back_at ON site_back (at);
-- What the other terminals of the site sold in part (拆零): units of a pack, by sale. Hints.
CREATE TABLE site_units (
    code TEXT NOT NULL,
    terminal TEXT NOT NULL,
    sale TEXT NOT NULL,
    product TEXT NOT NULL,
    units INTEGER NOT NULL,
    size INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (code, terminal, sale)
) WITHOUT ROWID;
CREATE INDEX site_units_at ON site_units (at);
-- Packs on lists that lie aside at the other terminals of the site: hints.
CREATE TABLE site_held (
    code TEXT NOT NULL,
    terminal TEXT NOT NULL,
    sale TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (code, terminal)
) WITHOUT ROWID;
CREATE INDEX site_held_terminal ON site_held (terminal);
-- Of what was heard before these were there only a part was kept: all of it is heard once more.
DELETE FROM site_peer;
