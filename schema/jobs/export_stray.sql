-- Detections that belong elsewhere: cells of order 10 of their object and of themselves, and whether their object was born in
-- another partition than it is.
CREATE OR REPLACE TEMP TABLE export_stray (skey BIGINT, frame_id INTEGER, home BIGINT, own BIGINT, away BOOLEAN);
