-- Objects by which a calibration may be judged: those of a good reference star, by catalogue; where there is no catalogue
-- any object. is_held: never used in a fit of a system that keeps stars back.
CREATE OR REPLACE TEMP TABLE version_star AS
SELECT m.object_id, m.catalog, is_held(m.source_id) AS is_held
FROM zp_match AS m
WHERE NOT m.has_rival
  AND EXISTS (FROM zp_ref AS r WHERE r.catalog = m.catalog AND r.source_id = m.source_id AND r.is_good)
UNION ALL
SELECT o.object_id, NULL, is_held(o.object_id)
FROM zp_object AS o
WHERE EXISTS (FROM version_frame WHERE catalog IS NULL);
