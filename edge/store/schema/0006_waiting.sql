-- The next list, begun while another is being paid: open as well, but behind it, until that one ends.
ALTER TABLE sale ADD COLUMN is_waiting INTEGER NOT NULL DEFAULT 0;
DROP INDEX sale_one_open;
CREATE UNIQUE INDEX sale_one_open ON sale (is_waiting) WHERE state = 'open';
