-- Add the magnitudes of the stars that arrived, in the order of the stars.
INSERT INTO refmag
SELECT m.catalog, m.source_id, m.band, m.mag, m.mag_err, m.mag_system, m.is_good
FROM incoming_mag AS m
JOIN incoming_star AS s ON s.source_id = m.source_id
ORDER BY s.hpx, s.source_id, m.band;
