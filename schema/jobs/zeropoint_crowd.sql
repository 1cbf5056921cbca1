-- How near a reference star's nearest neighbour is that is not fainter by 3 mag, where one is within the widest aperture.
-- $cell     DOUBLE  edge of the cube grid, unit sphere; not less than the widest aperture's radius
-- $radius   DOUBLE  chord of the widest aperture's radius
CREATE OR REPLACE TEMP TABLE zp_crowd AS
WITH r AS (
  SELECT
    catalog, source_id, band, mag, ux, uy, uz,
    floor((ux + 1) / $cell)::BIGINT AS i, floor((uy + 1) / $cell)::BIGINT AS j, floor((uz + 1) / $cell)::BIGINT AS k
  FROM zp_ref
),
matched AS (
  SELECT r.*
  FROM r
  SEMI JOIN zp_match AS m ON m.catalog = r.catalog AND m.source_id = r.source_id
),
step AS (SELECT unnest([-1, 0, 1]) AS s),
around AS (
  SELECT m.*, i + a.s AS ni, j + b.s AS nj, k + c.s AS nk
  FROM matched AS m, step AS a, step AS b, step AS c
)
SELECT
  m.catalog, m.source_id, m.band,
  degrees(sqrt(min((m.ux - o.ux) ** 2 + (m.uy - o.uy) ** 2 + (m.uz - o.uz) ** 2))) * 3600 AS neighbour_arcsec
FROM around AS m
JOIN r AS o ON o.i = m.ni AND o.j = m.nj AND o.k = m.nk AND o.catalog = m.catalog AND o.band = m.band
WHERE o.source_id <> m.source_id AND o.mag < m.mag + 3
  AND (m.ux - o.ux) ** 2 + (m.uy - o.uy) ** 2 + (m.uz - o.uz) ** 2 <= $radius ** 2
GROUP BY m.catalog, m.source_id, m.band;
