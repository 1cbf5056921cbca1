-- The known variable stars inside the outlines of measured frames, detected or not, with their objects.
-- Entries that VSX calls constant or not existing are not in it.
-- $night  DATE     only frames of this night; NULL: all
-- $band   VARCHAR  only frames in this band; NULL: all
WITH used AS MATERIALIZED (
  SELECT frame_id, night, band, corner_ra, corner_dec
  FROM frame
  WHERE state = 'ok' AND corner_ra IS NOT NULL AND ($night::DATE IS NULL OR night = $night::DATE)
    AND ($band::VARCHAR IS NULL OR band = $band::VARCHAR)
),
cells AS (
  SELECT DISTINCT c.norder, c.cell
  FROM frame_cover AS c
  SEMI JOIN used AS u ON u.frame_id = c.frame_id
),
star AS MATERIALIZED (
  SELECT DISTINCT s.source_id, s.ra, s.dec, s.hpx
  FROM refstar AS s
  JOIN cells AS c ON (s.hpx >> 2 * (29 - c.norder)) = c.cell
  WHERE s.catalog = 'vsx' AND s.is_good
),
held AS MATERIALIZED (
  SELECT s.source_id, u.frame_id, u.night, u.band
  FROM star AS s
  JOIN frame_cover AS c ON (s.hpx >> 2 * (29 - c.norder)) = c.cell
  JOIN used AS u ON u.frame_id = c.frame_id
  WHERE outline_holds(u.corner_ra, u.corner_dec, s.ra, s.dec)
),
seen AS (
  SELECT
    source_id, count(*) AS n_frames, list_sort(list_distinct(list(band))) AS bands, min(night) AS first_night,
    max(night) AS last_night
  FROM held
  GROUP BY source_id
),
named AS MATERIALIZED (
  SELECT s.source_id, n.name AS vsx_name, n.kind, n.period, n.mag_max, n.mag_min, t.ra, t.dec
  FROM seen AS s
  JOIN star AS t ON t.source_id = s.source_id
  JOIN refname AS n ON n.catalog = 'vsx' AND n.source_id = s.source_id
),
own AS MATERIALIZED (
  SELECT n.source_id, o.object_id, o.name, separation_arcsec(o.ra, o.dec, n.ra, n.dec) AS separation_arcsec
  FROM named AS n
  JOIN object AS o ON o.vsx_name = n.vsx_name
  QUALIFY row_number() OVER (PARTITION BY n.source_id ORDER BY o.n_detections DESC, o.object_id) = 1
),
detected AS (
  SELECT o.source_id, count(*) AS n_detected
  FROM detection AS d
  JOIN own AS o ON o.object_id = d.object_id
  JOIN held AS h ON h.source_id = o.source_id AND h.frame_id = d.frame_id
  WHERE d.object_id IN (SELECT object_id FROM own)
  GROUP BY o.source_id
)
SELECT
  n.vsx_name, n.kind, n.period, n.mag_max, n.mag_min, n.ra, n.dec, s.n_frames, coalesce(d.n_detected, 0) AS n_detected, s.bands,
  s.first_night, s.last_night, o.object_id, o.name, o.separation_arcsec
FROM named AS n
JOIN seen AS s ON s.source_id = n.source_id
LEFT JOIN own AS o ON o.source_id = n.source_id
LEFT JOIN detected AS d ON d.source_id = n.source_id
ORDER BY n_detected DESC, n.vsx_name;
