-- The additive moments of every object and scale.
-- needs stat_point, stat_anchor
CREATE OR REPLACE TEMP TABLE stat_moment AS
SELECT
  object_id, series, any_value(anchor) AS anchor, count(*) AS n_point, count(d) AS n, sum(blend)::INTEGER AS n_blend,
  min(mjd_mid) AS first_mjd, max(mjd_mid) AS last_mjd, min(cal_id) AS cal_low, max(cal_id) AS cal_high, sum(stamp) AS stamp,
  sum(d) AS sum_d, sum(d * d) AS sum_dd, sum(w) AS sum_w, sum(w * d) AS sum_wd, sum(w * d * d) AS sum_wdd, sum(ee) AS sum_ee
FROM (
  SELECT p.object_id, p.series, a.anchor, p.mjd_mid, p.cal_id, p.stamp, p.f - a.anchor AS d, 1.0 / p.ee AS w, p.ee,
    CASE WHEN p.flags & 1155 <> 0 AND p.f IS NOT NULL THEN 1 ELSE 0 END AS blend
  FROM stat_point AS p
  LEFT JOIN stat_anchor AS a ON a.object_id = p.object_id AND a.series = p.series
) AS point
GROUP BY object_id, series;
