-- An operator who has left may not sign in any more, but stays named in the shifts of before.
ALTER TABLE operator ADD COLUMN disabled_at INTEGER;
