-- How many stars of a catalogue, without a magnitude of their own in a passband, were out of the range of a
-- transformation: of all its pieces, whose ranges do not overlap.
CREATE OR REPLACE TEMP TABLE zp_mag_excluded AS
SELECT catalog, band, path, count(*) FILTER (piece = 1) - count(*) FILTER (in_range) AS n_out_of_range
FROM zp_transformed
GROUP BY catalog, band, path
HAVING n_out_of_range > 0;
