-- Measured frames whose outline holds a position in degrees, oldest first.
CREATE OR REPLACE MACRO frames_at(ra_deg, dec_deg) AS TABLE
WITH place AS (
  SELECT unnest([7, 10]) AS norder, unnest([healpix_cell(ra_deg, dec_deg, 7), healpix_cell(ra_deg, dec_deg, 10)]) AS cell
),
touching AS MATERIALIZED (
  SELECT c.frame_id
  FROM frame_cover AS c
  SEMI JOIN place AS p ON p.norder = c.norder AND p.cell = c.cell
)
SELECT f.frame_id, f.path, f.night, f.band, f.mjd_mid, f.exptime_s, f.airmass, f.fwhm_arcsec, f.n_detections
FROM frame AS f
SEMI JOIN touching AS t ON t.frame_id = f.frame_id
WHERE f.state = 'ok' AND outline_holds(f.corner_ra, f.corner_dec, ra_deg::DOUBLE, dec_deg::DOUBLE)
ORDER BY f.mjd_mid, f.frame_id;
