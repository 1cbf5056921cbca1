-- Let the statistics be those of a range of objects.
-- needs stat_range
CREATE OR REPLACE TEMP VIEW stat_detection AS
SELECT object_id, frame_id, flux, flux_err, x, y, flags
FROM detection
WHERE object_id BETWEEN (SELECT low FROM stat_range) AND (SELECT high FROM stat_range);
