-- The measurements to judge by: of held-back stars (where there were too few to keep any back, of all), with a signal to
-- noise above 30 and none of the flags saturated, truncated, bad pixel, aperture incomplete.
CREATE OR REPLACE TEMP TABLE version_point AS
SELECT d.frame_id, d.object_id, d.flux, d.x, d.y
FROM detection AS d
JOIN version_frame AS f ON f.frame_id = d.frame_id
JOIN version_star AS s ON s.object_id = d.object_id AND s.catalog IS NOT DISTINCT FROM f.catalog
WHERE d.flux > 30 * d.flux_err AND d.flags & 92 = 0 AND (s.is_held OR NOT f.holds);
