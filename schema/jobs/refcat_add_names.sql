-- Add the names of the stars that arrived.
INSERT INTO refname
SELECT catalog, source_id, name, kind, period, mag_max, mag_min
FROM incoming_name
ORDER BY source_id;
