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
