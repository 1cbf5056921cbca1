-- The stars of frames without reference magnitudes, and of the earlier frames whose relative system they join.
-- $bad_flags  INTEGER  bits that leave a detection out
-- $n_aper     INTEGER  apertures
-- $snr        DOUBLE   least signal to noise of the primary flux
WITH joined AS (
  SELECT frame_id, detector, band FROM zp_relative
  UNION
  SELECT frame_id, detector, band FROM zp_history
),
star AS (
  SELECT
    j.detector, j.band, d.frame_id, d.object_id,
    list_concat([d.flux, d.flux_auto], list_resize(coalesce(d.aper_flux, []), $n_aper)) AS flux,
    list_concat([d.flux_err, d.flux_auto_err], list_resize(coalesce(d.aper_flux_err, []), $n_aper)) AS flux_err
  FROM detection AS d
  JOIN joined AS j ON j.frame_id = d.frame_id
  WHERE d.object_id IS NOT NULL AND d.flags & $bad_flags = 0 AND d.flux > $snr * d.flux_err
  QUALIFY count(*) OVER (PARTITION BY j.detector, j.band, d.object_id) >= 2
)
SELECT
  dense_rank() OVER (ORDER BY detector, band) - 1 AS system,
  frame_id,
  dense_rank() OVER (ORDER BY detector, band, object_id) - 1 AS star,
  0 AS part, 0.0 AS mag, NULL::DOUBLE AS mag_err, flux, flux_err
FROM star
ORDER BY frame_id, star;
