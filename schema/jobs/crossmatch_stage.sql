-- The staged detections of a night with their frame, unit vector and matching distance.
-- Their number is made of frame and place in it, so that it does not depend on the order of files.
-- $files  VARCHAR[]  Parquet files of the workers
-- needs temp table night_frame(frame_key, frame_id, match_radius_arcsec, ...)
CREATE OR REPLACE TEMP TABLE staged AS
SELECT
  (f.frame_id::BIGINT << 24) + s.source AS rid,
  f.frame_id,
  2 * sin(radians(f.match_radius_arcsec / 3600) / 2) AS c,
  cos(radians(s.dec)) * cos(radians(s.ra)) AS ux,
  cos(radians(s.dec)) * sin(radians(s.ra)) AS uy,
  sin(radians(s.dec)) AS uz,
  s.* EXCLUDE (frame_key, source)
FROM read_parquet($files) AS s
JOIN night_frame AS f ON f.frame_key = s.frame_key;
