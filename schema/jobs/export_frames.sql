-- Frames with the zero point that their primary aperture uses now, and a digest of all that a row of an export takes from them.
-- $band  VARCHAR   of this band; NULL: every one
CREATE OR REPLACE TEMP TABLE export_frame AS
WITH facts AS (
  SELECT
    f.frame_id, f.night, f.telescope, f.detector, f.filter, f.band, f.exptime_s, f.mjd_mid, f.jd_tdb, f.bary_x,
    f.bary_y, f.bary_z, f.airmass, f.fwhm_arcsec, f.width, f.height, f.run_id, z.zp, z.zp_err, z.zp_sys, z.zp_map,
    z.mag_term, z.mag_pivot, z.limit_mag, z.limit_3_mag, coalesce(z.mag_system, 'instrumental') AS mag_system,
    z.ab_offset, z.cal_id
  FROM frame AS f
  LEFT JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0
  WHERE $band::VARCHAR IS NULL OR f.band = $band::VARCHAR
)
SELECT *, hash(facts) AS digest, (row_number() OVER (ORDER BY frame_id) - 1)::INTEGER AS place
FROM facts
ORDER BY frame_id;
