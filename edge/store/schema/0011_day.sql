-- Ends of business days: each attempt is a row of its own, and reopening begins another one. `found`: what was still
-- open. A difference is kept until the next attempt finds it gone; `person` of it is sealed.
CREATE TABLE day_end (
    day TEXT NOT NULL,
    nth INTEGER NOT NULL CHECK (nth >= 1),
    state TEXT NOT NULL CHECK (state IN ('closed', 'differs', 'reopened')),
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

-- The counter goes from one person to the next: what lay in the drawer, and what was not finished.
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
