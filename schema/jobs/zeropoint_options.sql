-- What each frame could be calibrated with: catalogue, band, and how many stars that are bright enough.
-- $snr  DOUBLE  least signal to noise of the primary flux
SELECT
  frame_id, catalog, band, any_value(is_native) AS is_native, any_value(mag_system) AS mag_system,
  count(*)::INTEGER AS n_candidate,
  (count(*) FILTER (is_usable AND flux[1] > $snr * flux_err[1]))::INTEGER AS n_usable
FROM zp_pair
GROUP BY frame_id, catalog, band
ORDER BY frame_id, catalog, band;
