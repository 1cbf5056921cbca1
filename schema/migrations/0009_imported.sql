-- Frames can come from tables of other programs.
ALTER TABLE frame ADD COLUMN origin VARCHAR DEFAULT 'measured';
