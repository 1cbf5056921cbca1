-- Magnitudes of the reference stars in the wanted passbands, as their catalogues give them.
CREATE OR REPLACE TEMP TABLE zp_mag AS
SELECT m.catalog, m.source_id, m.band, m.mag, m.mag_err, m.mag_system, m.is_good, NULL::VARCHAR AS path
FROM refmag AS m
SEMI JOIN zp_star AS s ON s.catalog = m.catalog AND s.source_id = m.source_id
WHERE m.band IN (SELECT band FROM zp_wanted);
