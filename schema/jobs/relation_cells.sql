-- How sharp the frames are that cover the cells of the touched stars: the median, and the worst, of which more than
-- $most medians are not believed: of such a frame every star would be a blend.
-- class: by powers of two of the largest separation that is of interest, so that sharp fields do not pay for wide ones.
-- $neighbour  DOUBLE  FWHM within which stars are neighbours
-- $blend      DOUBLE  FWHM within which a frame may not tell them apart
-- $most       DOUBLE
-- needs temp table rel_touched
CREATE OR REPLACE TEMP TABLE rel_cell AS
WITH cell AS (SELECT DISTINCT cell FROM rel_touched),
seen AS (
  SELECT c.cell, v.frame_id
  FROM cell AS c
  JOIN frame_cover AS v ON v.norder = 10 AND v.cell = c.cell
  UNION ALL
  SELECT c.cell, v.frame_id
  FROM cell AS c
  JOIN frame_cover AS v ON v.norder = 7 AND v.cell = c.cell >> 6
),
sharp AS (
  SELECT s.cell, median(f.fwhm_arcsec) AS fwhm, least(max(f.fwhm_arcsec), $most * median(f.fwhm_arcsec)) AS worst
  FROM seen AS s
  JOIN frame AS f ON f.frame_id = s.frame_id
  WHERE f.state = 'ok' AND f.fwhm_arcsec > 0
  GROUP BY s.cell
)
SELECT
  *,
  greatest($neighbour * fwhm, $blend * worst) AS reach_arcsec,
  ceil(log2(reach_arcsec))::INTEGER AS class
FROM sharp;
