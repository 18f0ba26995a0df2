-- How the last run of the terminal ended, to tell a power cut: the machine's boot id changed and no end was written.
CREATE TABLE last_run (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    home TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    alive_at INTEGER NOT NULL,
    has_ended INTEGER NOT NULL DEFAULT 0
);
-- Which device stood in each USB socket of a scanner when it was last looked at, to tell one that was swapped.
CREATE TABLE scanner_socket (
    socket TEXT PRIMARY KEY,
    usb_id TEXT NOT NULL,
    usb_serial TEXT NOT NULL,
    label TEXT NOT NULL
) WITHOUT ROWID;
