-- How far the stars of a frame are, in the median, from where all frames have them (arcsec, east and north), and how much they
-- scatter about that on one axis (1.4826 times the median absolute deviation).
-- needs mover_detection, mover_object
-- $bad  INTEGER  flags of detections that are not where their star is
WITH star AS (
  SELECT
    d.frame_id,
    (d.ra - o.ra - 360 * round((d.ra - o.ra) / 360)) * cos(radians(o.dec)) * 3600 AS east, (d.dec - o.dec) * 3600 AS north
  FROM mover_detection AS d
  JOIN mover_object AS o ON o.object_id = d.object_id
  WHERE o.is_lasting AND o.n >= 3 AND d.flux > 20 * d.flux_err AND d.flags & $bad::INTEGER = 0
)
SELECT frame_id, count(*) AS n, median(east) AS east, median(north) AS north, 1.4826 * (mad(east) + mad(north)) / 2 AS scatter
FROM star
GROUP BY frame_id
ORDER BY frame_id;
