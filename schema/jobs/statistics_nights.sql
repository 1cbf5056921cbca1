-- How much each object scatters within its nights, and from night to night.
-- needs stat_point, stat_anchor
CREATE OR REPLACE TEMP TABLE stat_nights AS
SELECT
  object_id, series, count(*) AS n_night, sum(greatest(dd - d * d / n, 0.0)) AS within_dd,
  sum(greatest(wdd - wd * wd / w, 0.0)) AS within_chi2, sum(d / n) AS night_d, sum((d / n) * (d / n)) AS night_dd
FROM (
  SELECT
    object_id, series, night, count(d) AS n, sum(d) AS d, sum(d * d) AS dd, sum(w) AS w, sum(w * d) AS wd,
    sum(w * d * d) AS wdd
  FROM (
    SELECT p.object_id, p.series, p.night, p.f - a.anchor AS d, 1.0 / p.ee AS w
    FROM stat_point AS p
    JOIN stat_anchor AS a ON a.object_id = p.object_id AND a.series = p.series
    WHERE p.f IS NOT NULL
  ) AS point
  GROUP BY object_id, series, night
) AS nights
GROUP BY object_id, series;
