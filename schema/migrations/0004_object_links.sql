-- Objects know what they are, and who else knows them.
ALTER TABLE object ADD COLUMN kind VARCHAR DEFAULT 'star';
ALTER TABLE object ADD COLUMN target_id INTEGER;
ALTER TABLE object ADD COLUMN vsx_name VARCHAR;
ALTER TABLE object ADD COLUMN ref_colour DOUBLE;
ALTER TABLE object ADD COLUMN ref_colour_index VARCHAR;
