-- How many of some frames were imported: a table of another program, whose pixels are not here.
-- $frame_ids  INTEGER[]
SELECT count(*) AS n
FROM frame
WHERE frame_id IN (SELECT unnest($frame_ids::INTEGER[])) AND origin = 'imported';
