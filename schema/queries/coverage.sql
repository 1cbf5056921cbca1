-- Every frame that saw a place or may have seen it, oldest first: whether its star was detected, how faint, and why not.
-- $ra         DOUBLE   deg
-- $dec        DOUBLE   deg
-- $object_id  BIGINT   the star there; NULL: none is known
-- $target_id  INTEGER  the target there; NULL: none was measured
-- $sigma      DOUBLE   a forced flux below so many times its noise is a limit
SELECT
  frame_id,
  parse_filename(path) AS file,
  night,
  band,
  mjd_mid,
  exptime_s,
  status,
  why,
  mag,
  mag_err,
  limit_mag,
  mag_system,
  airmass,
  fwhm_arcsec,
  flags,
  margin_arcsec,
  reason
FROM coverage(
  [$ra::DOUBLE], [$dec::DOUBLE], [$object_id::BIGINT], targets := [$target_id::INTEGER], sigma := $sigma::DOUBLE
)
ORDER BY mjd_mid NULLS LAST, frame_id;
