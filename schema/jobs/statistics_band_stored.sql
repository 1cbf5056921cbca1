-- Let the moments be those that are stored.
CREATE OR REPLACE TEMP VIEW stat_band AS
SELECT
  object_id, band, mag_system, detector, cal_low, cal_high, n_point, n, n_blend, first_mjd, last_mjd, anchor, sum_d, sum_dd, sum_w,
  sum_wd, sum_wdd, sum_ee, n_night, within_dd, within_chi2, night_d, night_dd, stamp
FROM object_band;
