-- How many measured frames saw each of many places, and how faint they would have seen.
-- $places  VARCHAR   JSON: [{"place": 1, "ra": 41.58, "dec": -30.27}, ...]; deg
WITH asked AS MATERIALIZED (
  SELECT unnest(from_json($places::VARCHAR, '[{"place": "INTEGER", "ra": "DOUBLE", "dec": "DOUBLE"}]'), recursive := true)
),
touching AS MATERIALIZED (
  SELECT a.place, a.ra, a.dec, c.frame_id
  FROM (
    SELECT *, 7 AS norder, healpix_cell(ra, dec, 7) AS cell FROM asked
    UNION ALL
    SELECT *, 10 AS norder, healpix_cell(ra, dec, 10) AS cell FROM asked
  ) AS a
  JOIN frame_cover AS c ON c.norder = a.norder AND c.cell = a.cell
),
seen AS MATERIALIZED (
  SELECT t.place, f.night, f.band, z.limit_mag
  FROM touching AS t
  JOIN frame AS f ON f.frame_id = t.frame_id
  LEFT JOIN zeropoint_active AS z
    ON z.frame_id = t.frame_id AND z.aperture_id = 0 AND z.mag_system IN ('AB', 'Vega', 'tied')
  WHERE f.state = 'ok' AND outline_holds(f.corner_ra, f.corner_dec, t.ra, t.dec)
),
deep AS (
  SELECT place, list({band: band, lo: lo, hi: hi} ORDER BY band) AS limits
  FROM (
    SELECT place, band, min(limit_mag) AS lo, max(limit_mag) AS hi
    FROM seen
    WHERE limit_mag IS NOT NULL
    GROUP BY place, band
  )
  GROUP BY place
)
SELECT s.place, count(*) AS n_frame, min(s.night) AS first_night, max(s.night) AS last_night, any_value(d.limits) AS limits
FROM seen AS s
LEFT JOIN deep AS d ON d.place = s.place
GROUP BY s.place
ORDER BY s.place;
