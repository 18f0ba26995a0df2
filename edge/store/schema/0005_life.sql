-- Where the store lives (machine and file): found elsewhere, it was copied or restored, and its history forks.
ALTER TABLE terminal_state ADD COLUMN home TEXT;
-- The life of the centre's store that was heard last: another one means that the centre was restored.
ALTER TABLE terminal_state ADD COLUMN centre TEXT;
-- Lives that began because of an accident: what became of the life before.
CREATE TABLE former_store (
    epoch TEXT PRIMARY KEY,
    ended_at INTEGER NOT NULL,
    why TEXT NOT NULL CHECK (why IN ('damaged', 'copied', 'forked')),
    kept INTEGER NOT NULL,
    lost TEXT NOT NULL,
    folder TEXT
) WITHOUT ROWID;
-- Events of a terminal that this one replaces, taken over from an export.
CREATE TABLE adopted (
    epoch TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    source TEXT NOT NULL,
    events INTEGER NOT NULL
) WITHOUT ROWID;
-- Dead letters that somebody has looked at and will not send again. They are kept, but no longer reported.
CREATE TABLE set_aside (
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    operator TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (epoch, seq)
) WITHOUT ROWID;
-- What the other terminals of this site sold, heard over the site's own network.
CREATE TABLE sold_at_site (
    code TEXT PRIMARY KEY,
    terminal TEXT NOT NULL,
    sale TEXT NOT NULL,
    at INTEGER NOT NULL,
    is_sold INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE site_peer (
    terminal TEXT PRIMARY KEY,
    heard_to TEXT NOT NULL,
    heard_at INTEGER NOT NULL
) WITHOUT ROWID;
-- What the set-up learned of each scanner.
CREATE TABLE scanner_profile (
    device TEXT PRIMARY KEY,
    learned TEXT NOT NULL,
    gs_ok INTEGER,
    tested_at INTEGER NOT NULL
) WITHOUT ROWID;
