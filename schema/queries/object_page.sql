-- One page about an object: rows of what it is, its reference star, its points in each band, its neighbours, its history.
-- $object_id  BIGINT
WITH o AS (SELECT * FROM object WHERE object_id = $object_id::BIGINT),
part AS (
  SELECT 10 AS place, 0 AS k, 'object' AS part, 'id' AS what, object_id::VARCHAR AS value FROM o
  UNION ALL
  SELECT 11, 0, 'object', 'name', name FROM o
  UNION ALL
  SELECT 12, 0, 'object', 'kind', 'moving target ' || coalesce(t.name, '?')
  FROM o LEFT JOIN target AS t ON t.target_id = o.target_id WHERE o.kind = 'moving'
  UNION ALL
  SELECT 13, 0, 'object', 'position', printf('%.6f %+.6f', ra, dec) || printf(' (ICRS, deg, at %.2f)', epoch) FROM o
  UNION ALL
  SELECT 14, 0, 'object', 'proper motion',
    printf('%+.2f %+.2f', pm_ra, pm_dec) || coalesce(printf(' +- %.2f', pm_err), '') || ' mas/yr'
  FROM o WHERE pm_ra IS NOT NULL AND pm_dec IS NOT NULL
  UNION ALL
  SELECT 15, 0, 'object', 'detections', n_detections::VARCHAR FROM o
  UNION ALL
  SELECT 16, row_number() OVER (ORDER BY a.old_id), 'object', 'old id', a.old_id::VARCHAR
  FROM object_alias AS a WHERE a.object_id = $object_id::BIGINT
  UNION ALL
  SELECT 20, 0, 'star', 'reference star', ref_catalog || ' ' || ref_source_id FROM o WHERE ref_catalog IS NOT NULL
  UNION ALL
  SELECT 21, 0, 'star', 'colour ' || ref_colour_index, printf('%.3f mag', ref_colour) FROM o WHERE ref_colour IS NOT NULL
  UNION ALL
  SELECT 22, row_number() OVER (ORDER BY n.catalog, n.source_id), 'star', 'variable',
    n.name || coalesce(', ' || n.kind, '') || coalesce(printf(', period %.6g d', n.period), '')
    || coalesce(printf(', %.2f', n.mag_max) || coalesce(printf(' to %.2f mag', n.mag_min), ' mag'), '')
  FROM refname AS n
  JOIN o ON o.vsx_name = n.name
  UNION ALL
  SELECT 30, row_number() OVER (ORDER BY f.band), 'points', coalesce(f.band, 'no band'),
    count(*) || ' in ' || count(DISTINCT f.night)
    || CASE WHEN count(DISTINCT f.night) = 1 THEN ' night, MJD ' ELSE ' nights, MJD ' END
    || printf('%.3f to %.3f', min(f.mjd_mid), max(f.mjd_mid))
    || CASE WHEN count(*) FILTER (d.flags > 0) > 0 THEN ', ' || count(*) FILTER (d.flags > 0) || ' flagged' ELSE '' END
    || CASE
      WHEN count(*) FILTER (d.flags & 1152 > 0) > 0
        THEN ' (' || count(*) FILTER (d.flags & 1152 > 0) || ' as blends)' ELSE ''
    END
  FROM detection AS d
  JOIN frame AS f ON f.frame_id = d.frame_id
  WHERE d.object_id = $object_id::BIGINT
  GROUP BY f.band
  UNION ALL
  SELECT 40, row_number() OVER (ORDER BY r.separation_arcsec, r.other_id), 'close', r.kind,
    printf('%.2f arcsec: ', r.separation_arcsec) || coalesce(b.name, '?') || ', object ' || r.other_id
    || CASE WHEN r.n_frame > 0 THEN ', one in ' || r.n_frame || ' frames' ELSE '' END
  FROM object_relation AS r
  LEFT JOIN object AS b ON b.object_id = r.other_id
  WHERE r.object_id = $object_id::BIGINT
  UNION ALL
  SELECT 50, event_id, 'history', event,
    strftime(time, '%Y-%m-%d %H:%M') || ': ' || n_detections || ' detections'
    || CASE WHEN object_id <> $object_id::BIGINT THEN ', object ' || object_id ELSE '' END
    || CASE WHEN other_id <> $object_id::BIGINT THEN ', other ' || other_id ELSE '' END
    || coalesce('; ' || nullif(reason, ''), '')
  FROM object_event
  WHERE object_id = $object_id::BIGINT OR other_id = $object_id::BIGINT
)
SELECT part, what, value
FROM part
ORDER BY place, k;
