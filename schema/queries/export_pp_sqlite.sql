-- Detections as PP's SQLite files have them, by frame: counts of the whole exposure, magnitudes of these, pixels from 1,
-- angles in degrees; mag and mag_sig where the frame is calibrated on a system (with the errors of its zero point).
-- $objects  BIGINT[]   of these objects; NULL: all
-- $band     VARCHAR    NULL: every band
WITH point AS (
  SELECT
    d.*,
    f.band AS frame_band,
    f.pixel_scale_arcsec,
    coalesce(f.x0, 0) + 1 AS first_x,
    coalesce(f.y0, 0) + 1 AS first_y,
    coalesce(f.exptime_s, 1.0) AS t,
    CASE
      WHEN z.mag_system IN ('AB', 'Vega', 'tied') THEN zp_here(z, d.flux, d.x, d.y, f.width, f.height)
    END AS here,
    sqrt(coalesce(z.zp_err, 0) ** 2 + coalesce(z.zp_sys, 0) ** 2) AS zp_sig
  FROM detection AS d
  JOIN frame AS f ON f.frame_id = d.frame_id
  LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
  WHERE ($objects::BIGINT[] IS NULL OR d.object_id IN (SELECT unnest($objects::BIGINT[])))
    AND ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
)
SELECT
  flux * t AS FLUX_APER,
  flux_err * t AS FLUXERR_APER,
  flux_to_mag(flux * t, 0) AS MAG_APER,
  mag_error(flux, flux_err) AS MAGERR_APER,
  flux_auto * t AS FLUX_AUTO,
  flux_auto_err * t AS FLUXERR_AUTO,
  flux_to_mag(flux_auto * t, 0) AS MAG_AUTO,
  mag_error(flux_auto, flux_auto_err) AS MAGERR_AUTO,
  peak AS FLUX_MAX,
  a AS A_IMAGE,
  b AS B_IMAGE,
  degrees(theta) AS THETA_IMAGE,
  CASE WHEN NOT isnan(x) THEN x::DOUBLE + first_x END AS XWIN_IMAGE,
  CASE WHEN NOT isnan(y) THEN y::DOUBLE + first_y END AS YWIN_IMAGE,
  ra AS ra_deg,
  dec AS dec_deg,
  (flags & 15) | (CASE WHEN flags & 64 <> 0 THEN 16 ELSE 0 END) AS FLAGS,
  fwhm AS FWHM_IMAGE,
  fwhm * pixel_scale_arcsec / 3600 AS FWHM_WORLD,
  frame_id,
  object_id,
  frame_band AS band,
  flux_to_mag(flux, here) AS mag,
  CASE WHEN here IS NOT NULL THEN sqrt(mag_error(flux, flux_err) ** 2 + zp_sig ** 2) END AS mag_sig
FROM point
ORDER BY frame_id, y, x, ra;
