-- Write the rows of the objects counted; robust statistics wait until they are asked for.
-- needs stat_fresh
INSERT INTO object_band BY NAME
SELECT * FROM stat_fresh
ORDER BY object_id, band, mag_system, detector;
