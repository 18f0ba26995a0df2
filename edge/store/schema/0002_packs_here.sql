-- What this terminal received, so that a box scanned into a second delivery is known.
CREATE INDEX sale_pack_here ON sale_pack (code, placed, state) WHERE state IN ('received', 'returned');
