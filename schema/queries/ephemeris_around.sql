-- The rows of every path between two dates, with the two before and the two after them that interpolation needs.
-- $first  DOUBLE  MJD UTC
-- $last   DOUBLE  MJD UTC
WITH numbered AS (
  SELECT
    *,
    count(*) FILTER (mjd < $first) OVER (PARTITION BY target_id) AS n_before,
    count(*) FILTER (mjd <= $last) OVER (PARTITION BY target_id) AS n_until,
    row_number() OVER (PARTITION BY target_id ORDER BY mjd) AS k
  FROM ephemeris
)
SELECT target_id, mjd, ra, dec, ra_rate, dec_rate, sigma_arcsec
FROM numbered
WHERE k BETWEEN n_before - 1 AND n_until + 2
ORDER BY target_id, mjd;
