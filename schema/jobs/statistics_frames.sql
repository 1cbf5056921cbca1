-- The frames that have a zero point now, with what makes their fluxes comparable: f = flux * scale is in units of
-- magnitude 0. Where the zero point is not the same all over the frame or for all magnitudes (varies), it is found point by
-- point. Frames that share a scale of magnitudes share a number (series).
CREATE OR REPLACE TEMP TABLE stat_frame AS
WITH calibrated AS (
  SELECT
    f.frame_id, f.run_id, f.band, z.mag_system, CASE WHEN z.mag_system = 'relative' THEN f.detector END AS detector,
    coalesce(f.night, DATE '1858-11-17' + floor(f.mjd_mid - 0.5)::INTEGER) AS night,
    f.mjd_mid, f.fwhm_arcsec, f.width, f.height, z.cal_id, z.zp, z.zp_err, z.zp_map, z.mag_term, z.mag_pivot
  FROM frame AS f
  JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0
  WHERE f.state = 'ok' AND f.mjd_mid IS NOT NULL AND isfinite(z.zp) AND z.mag_system <> 'instrumental'
)
SELECT
  *,
  dense_rank() OVER (ORDER BY band, mag_system, detector)::SMALLINT AS series,
  10.0 ** (-0.4 * zp) AS scale,
  (0.4 * ln(10.0) * coalesce(zp_err, 0.0)) ** 2 AS zp_var,
  zp_map IS NOT NULL OR mag_term IS NOT NULL AS varies,
  (frame_id::BIGINT * 2654435761 % 4294967296)::DOUBLE AS stamp
FROM calibrated
ORDER BY frame_id;
