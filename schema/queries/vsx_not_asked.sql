-- How many measured frames lie partly where VSX was not asked for whole tiles, of how many; and how many stars of VSX there are.
-- $night  DATE     only frames of this night; NULL: all
-- $band   VARCHAR  only frames in this band; NULL: all
WITH used AS (
  SELECT frame_id
  FROM frame
  WHERE state = 'ok' AND corner_ra IS NOT NULL AND ($night::DATE IS NULL OR night = $night::DATE)
    AND ($band::VARCHAR IS NULL OR band = $band::VARCHAR)
),
whole AS (
  SELECT norder, npix
  FROM refcat_tile
  WHERE catalog = 'vsx' AND is_complete
),
touched AS (
  SELECT DISTINCT c.norder, c.cell
  FROM frame_cover AS c
  SEMI JOIN used AS u ON u.frame_id = c.frame_id
),
lacking AS (
  SELECT t.norder, t.cell
  FROM touched AS t
  WHERE NOT EXISTS (FROM whole AS w WHERE w.norder <= t.norder AND (t.cell >> 2 * (t.norder - w.norder)) = w.npix)
)
SELECT
  (SELECT count(DISTINCT c.frame_id) FROM frame_cover AS c JOIN used AS u ON u.frame_id = c.frame_id
   JOIN lacking AS l ON l.norder = c.norder AND l.cell = c.cell) AS n_lacking,
  (SELECT count(*) FROM used) AS n_frame,
  (SELECT count(*) FROM refstar WHERE catalog = 'vsx') AS n_star;
