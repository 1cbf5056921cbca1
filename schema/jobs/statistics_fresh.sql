-- The rows that object_band is to have of the objects counted.
-- needs stat_moment, stat_nights, stat_series
CREATE OR REPLACE TEMP TABLE stat_fresh AS
SELECT
  m.object_id, s.band, s.mag_system, s.detector, m.cal_low, m.cal_high, m.n_point, m.n, m.n_blend, m.first_mjd, m.last_mjd, m.anchor,
  coalesce(m.sum_d, 0.0) AS sum_d, coalesce(m.sum_dd, 0.0) AS sum_dd, coalesce(m.sum_w, 0.0) AS sum_w,
  coalesce(m.sum_wd, 0.0) AS sum_wd, coalesce(m.sum_wdd, 0.0) AS sum_wdd, coalesce(m.sum_ee, 0.0) AS sum_ee,
  coalesce(k.n_night, 0) AS n_night, coalesce(k.within_dd, 0.0) AS within_dd, coalesce(k.within_chi2, 0.0) AS within_chi2,
  coalesce(k.night_d, 0.0) AS night_d, coalesce(k.night_dd, 0.0) AS night_dd, m.stamp
FROM stat_moment AS m
JOIN stat_series AS s ON s.series = m.series
LEFT JOIN stat_nights AS k ON k.object_id = m.object_id AND k.series = m.series
ORDER BY m.object_id, m.series;
