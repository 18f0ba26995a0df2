-- How far the scans had come, by two clocks that do not jump. `centre`: the centre's clock; at `at` every scan up to
-- `scan` was delivered. `running`: how long this terminal has run in all; at `at` every scan up to `scan` was made.
CREATE TABLE scan_mark (
    clock TEXT NOT NULL CHECK (clock IN ('centre', 'running')),
    at INTEGER NOT NULL,
    scan INTEGER NOT NULL,
    PRIMARY KEY (clock, at)
) WITHOUT ROWID;
-- Scans that were no code and whose text is still there: few, and none of them old.
CREATE INDEX scan_unknown ON scan (id) WHERE kind = 'unknown' AND raw <> x'';
