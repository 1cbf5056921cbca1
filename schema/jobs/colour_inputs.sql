-- Magnitudes of the stars of zp_star in the passbands of zp_wanted, and in those from which they may be transformed.
CREATE OR REPLACE TEMP TABLE zp_input AS
WITH needed AS (
  SELECT band FROM zp_wanted
  UNION
  SELECT unnest(inputs) FROM colour_transformation WHERE band IN (SELECT band FROM zp_wanted)
)
SELECT m.catalog, m.source_id, m.band, m.mag, m.mag_err, m.mag_system, m.is_good
FROM refmag AS m
SEMI JOIN zp_star AS s ON s.catalog = m.catalog AND s.source_id = m.source_id
WHERE m.band IN (SELECT band FROM needed);
