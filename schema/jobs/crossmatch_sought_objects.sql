-- Stars of the store in a box; fast ones twice: where they were seen, and where they were at J2016. A star that a fast
-- one was taken for is only in the first place.
-- around: no detection farther than this is linked to a detection that joins without a contest.
-- is_open: its detections have to be looked at one by one.
-- $x0 $x1 $y0 $y1 $z0 $z1  DOUBLE  the box, unit vectors
-- $fast                    DOUBLE  mas/yr; from this proper motion on a star is carried
CREATE OR REPLACE TEMP TABLE sought AS
WITH near AS (
  SELECT
    object_id, ux, uy, uz, grade, n_position, is_contested,
    coalesce(spread_arcsec, 0)::DOUBLE AS spread,
    coalesce(slack_arcsec, 0)::DOUBLE AS slack,
    coalesce(reach_arcsec, 1)::DOUBLE AS reach,
    coalesce(drift_arcsec, 0)::DOUBLE AS drift,
    spread_arcsec IS NULL AS is_unknown,
    coalesce(pm_ra * pm_ra + pm_dec * pm_dec >= $fast * $fast, false) AS is_fast,
    pm_ra, pm_dec, epoch, ra, dec
  FROM object
  WHERE ux BETWEEN $x0 AND $x1 AND uy BETWEEN $y0 AND $y1 AND uz BETWEEN $z0 AND $z1 AND kind IS DISTINCT FROM 'moving'
),
carried AS (
  SELECT
    * REPLACE (is_fast AND place = 1 AS is_fast),
    is_fast AS is_either,
    CASE WHEN is_fast AND place = 1 THEN radians(pm_ra / 3.6e6) * (2016 - epoch) ELSE 0.0 END AS da,
    CASE WHEN is_fast AND place = 1 THEN radians(pm_dec / 3.6e6) * (2016 - epoch) ELSE 0.0 END AS dd,
    CASE WHEN is_fast AND place = 1 THEN radians(ra) ELSE 0.0 END AS a,
    CASE WHEN is_fast AND place = 1 THEN radians(dec) ELSE 0.0 END AS d
  FROM near, range(2) AS places(place)
  WHERE is_fast OR place = 0
)
-- To first order: u + da east + dd north; the error is a millionth of an arcsecond after a century of 10"/yr.
SELECT
  object_id,
  CASE WHEN is_fast THEN ux - da * sin(a) - dd * sin(d) * cos(a) ELSE ux END AS ux,
  CASE WHEN is_fast THEN uy + da * cos(a) - dd * sin(d) * sin(a) ELSE uy END AS uy,
  CASE WHEN is_fast THEN uz + dd * cos(d) ELSE uz END AS uz,
  grade, n_position, spread, slack, reach, drift,
  greatest(spread, 0.5 * reach) AS around,
  is_either OR is_unknown OR coalesce(is_contested, true) OR n_position IS NULL OR n_position = 0 AS is_open,
  is_unknown
FROM carried;
