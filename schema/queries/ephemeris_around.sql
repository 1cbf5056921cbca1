-- The rows of every path between two dates, with the three before and the three after them that interpolation needs.
-- $first  DOUBLE  MJD UTC
-- $last   DOUBLE  MJD UTC
WITH numbered AS (
  SELECT
    *,
    count(*) FILTER (mjd < $first) OVER (PARTITION BY target_id, site) AS n_before,
    count(*) FILTER (mjd <= $last) OVER (PARTITION BY target_id, site) AS n_until,
    row_number() OVER (PARTITION BY target_id, site ORDER BY mjd) AS k
  FROM ephemeris
)
SELECT target_id, site, mjd, ra, dec, ra_rate, dec_rate, sigma_arcsec, r_au, delta_au, phase_deg, v_mag
FROM numbered
WHERE k BETWEEN n_before - 2 AND n_until + 3
ORDER BY target_id, site NULLS FIRST, mjd;
