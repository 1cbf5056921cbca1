-- Add to the rows of new points what object_band already holds: nights are whole, so every sum is one.
-- needs stat_fresh
UPDATE stat_fresh
SET
  cal_low = least(stat_fresh.cal_low, b.cal_low), cal_high = greatest(stat_fresh.cal_high, b.cal_high),
  n_point = stat_fresh.n_point + b.n_point, n = stat_fresh.n + b.n, n_blend = stat_fresh.n_blend + b.n_blend,
  first_mjd = least(stat_fresh.first_mjd, b.first_mjd), last_mjd = greatest(stat_fresh.last_mjd, b.last_mjd),
  anchor = coalesce(b.anchor, stat_fresh.anchor),
  sum_d = stat_fresh.sum_d + b.sum_d, sum_dd = stat_fresh.sum_dd + b.sum_dd, sum_w = stat_fresh.sum_w + b.sum_w,
  sum_wd = stat_fresh.sum_wd + b.sum_wd, sum_wdd = stat_fresh.sum_wdd + b.sum_wdd, sum_ee = stat_fresh.sum_ee + b.sum_ee,
  n_night = stat_fresh.n_night + b.n_night, within_dd = stat_fresh.within_dd + b.within_dd,
  within_chi2 = stat_fresh.within_chi2 + b.within_chi2, night_d = stat_fresh.night_d + b.night_d,
  night_dd = stat_fresh.night_dd + b.night_dd, stamp = stat_fresh.stamp + b.stamp
FROM object_band AS b
WHERE b.object_id = stat_fresh.object_id AND b.band IS NOT DISTINCT FROM stat_fresh.band
  AND b.mag_system = stat_fresh.mag_system AND b.detector IS NOT DISTINCT FROM stat_fresh.detector;
