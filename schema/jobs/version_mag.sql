-- The reference magnitudes of the objects of version_star.
CREATE OR REPLACE TEMP TABLE version_mag AS
SELECT m.object_id, r.catalog, r.band, r.path, any_value(r.mag) AS mag
FROM zp_match AS m
JOIN zp_ref AS r ON r.catalog = m.catalog AND r.source_id = m.source_id
WHERE NOT m.has_rival AND r.is_good
GROUP BY m.object_id, r.catalog, r.band, r.path;
