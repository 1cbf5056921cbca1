-- The magnitudes of zp_input, one row a star: m[band] is {mag, err, good}.
CREATE OR REPLACE TEMP TABLE zp_colour_star AS
SELECT catalog, source_id, map_from_entries(list((band, {mag: mag, err: mag_err, good: is_good}))) AS m
FROM zp_input
WHERE catalog IN (SELECT catalog FROM zp_colour_offer)
GROUP BY catalog, source_id;
