-- The staged detections of a night with their frame, unit vector, grade and reach.
-- Their number is made of frame and place in it, so that it does not depend on the order of files. Positions are taken as
-- a compacted store keeps them, so that a night is matched the same whenever it is done. PSF fluxes only where a file has them.
-- $files     VARCHAR[]  Parquet files of the workers
-- $cut       INTEGER    bits of flags that say that a detection is not where its star is
-- $gate_snr  DOUBLE     a whole detection of this signal to noise is bright
-- needs temp table night_frame(frame_key, frame_id, match_radius_arcsec, epoch, ...)
CREATE OR REPLACE TEMP TABLE staged AS
SELECT
  (f.frame_id::BIGINT << 24) + s.source AS rid,
  f.frame_id,
  cos(radians(round(s.dec, 7))) * cos(radians(round(s.ra, 7))) AS ux,
  cos(radians(round(s.dec, 7))) * sin(radians(round(s.ra, 7))) AS uy,
  sin(radians(round(s.dec, 7))) AS uz,
  f.match_radius_arcsec AS reach,
  f.epoch - 2000 AS year,
  detection_grade(s, $cut, $gate_snr) AS grade,
  s.* EXCLUDE (frame_key, source)
FROM (
  SELECT NULL::FLOAT AS flux_psf, NULL::FLOAT AS flux_psf_err
  WHERE false
  UNION ALL BY NAME
  FROM read_parquet($files, union_by_name = true)
) AS s
JOIN night_frame AS f ON f.frame_key = s.frame_key;
