-- Statistics of every object in every passband, from the moments in object_band. The flux f is in units of magnitude 0.
CREATE OR REPLACE VIEW object_statistics AS
SELECT
  object_id,
  band,
  mag_system,
  detector,
  n_point,
  n,
  n_blend,
  n_night,
  first_mjd,
  last_mjd,
  CASE WHEN wmean > 0 THEN -2.5 * log10(wmean) END AS mag,
  CASE WHEN wmean > 0 THEN 1.0857362047581296 / (wmean * sqrt(sum_w)) END AS mag_err,
  mean,
  wmean,
  std,
  CASE WHEN mean > 0 THEN 1.0857362047581296 * std / mean END AS rms_mag,
  CASE WHEN mean > 0 AND n > n_night THEN 1.0857362047581296 * sqrt(within_dd / (n - n_night)) / mean END AS rms_within,
  CASE
    WHEN mean > 0 AND n_night > 1
      THEN 1.0857362047581296 * sqrt(greatest(night_dd - night_d * night_d / n_night, 0.0) / (n_night - 1)) / mean
  END AS rms_nights,
  chi2 / nullif(n - 1, 0) AS chi2_dof,
  CASE WHEN n > n_night THEN within_chi2 / (n - n_night) END AS chi2_within,
  CASE WHEN n_night > 1 THEN greatest(chi2 - within_chi2, 0.0) / (n_night - 1) END AS chi2_nights,
  CASE WHEN mean <> 0 THEN (std * std - sum_ee / n) / (mean * mean) END AS excess_variance,
  CASE WHEN mean <> 0 THEN std / mean END AS v,
  chi2 / nullif(n - 1, 0) AS eta,
  CASE WHEN median > 0 THEN -2.5 * log10(median) END AS median_mag,
  CASE WHEN p5 > 0 THEN 2.5 * log10(p95 / p5) END AS amplitude_p5_p95,
  CASE WHEN low > 0 THEN 2.5 * log10(high / low) END AS amplitude,
  CASE WHEN median > 0 THEN 1.0857362047581296 * mad / median END AS mad_mag,
  CASE WHEN median > 0 THEN 1.0857362047581296 * iqr / median END AS iqr_mag,
  von_neumann,
  lag_1,
  stetson_j,
  stetson_j_bands,
  stetson_k,
  skew,
  kurtosis,
  beyond_1_sigma,
  max_slope,
  cal_low,
  cal_high
FROM (
  SELECT
    *,
    anchor + sum_d / nullif(n, 0) AS mean,
    anchor + sum_wd / nullif(sum_w, 0) AS wmean,
    sqrt(greatest(sum_dd - sum_d * sum_d / nullif(n, 0), 0.0) / nullif(n - 1, 0)) AS std,
    greatest(sum_wdd - sum_wd * sum_wd / nullif(sum_w, 0), 0.0) AS chi2
  FROM object_band
) AS moments;
COMMENT ON VIEW object_statistics IS 'statistics of every object and passband as they were last counted (photdb statistics); cal_low and cal_high say with which calibrations';
COMMENT ON COLUMN object_statistics.object_id IS 'the object';
COMMENT ON COLUMN object_statistics.band IS 'our name of the passband';
COMMENT ON COLUMN object_statistics.mag_system IS 'AB, Vega, tied or relative';
COMMENT ON COLUMN object_statistics.detector IS 'whose scale it is, where magnitudes are relative';
COMMENT ON COLUMN object_statistics.n_point IS 'detections in frames with a zero point';
COMMENT ON COLUMN object_statistics.n IS 'those that count';
COMMENT ON COLUMN object_statistics.n_blend IS 'of these, those with light of a neighbour';
COMMENT ON COLUMN object_statistics.n_night IS 'nights with points that count';
COMMENT ON COLUMN object_statistics.first_mjd IS 'd; MJD (UTC) of the first point';
COMMENT ON COLUMN object_statistics.last_mjd IS 'd; MJD (UTC) of the last point';
COMMENT ON COLUMN object_statistics.mag IS 'mag; of the weighted mean flux; NULL where it is not positive';
COMMENT ON COLUMN object_statistics.mag_err IS 'mag; of mag, from the errors of the points';
COMMENT ON COLUMN object_statistics.mean IS 'mean f, in units of magnitude 0';
COMMENT ON COLUMN object_statistics.wmean IS 'mean f, weighted by 1 / e^2';
COMMENT ON COLUMN object_statistics.std IS 'standard deviation of f (n - 1)';
COMMENT ON COLUMN object_statistics.rms_mag IS 'mag; 1.0857 std / mean';
COMMENT ON COLUMN object_statistics.rms_within IS 'mag; scatter about the means of the nights';
COMMENT ON COLUMN object_statistics.rms_nights IS 'mag; scatter of the means of the nights';
COMMENT ON COLUMN object_statistics.chi2_dof IS 'chi2 about the weighted mean per degree of freedom';
COMMENT ON COLUMN object_statistics.chi2_within IS 'chi2 about the weighted means of the nights per degree of freedom';
COMMENT ON COLUMN object_statistics.chi2_nights IS 'chi2 of the weighted means of the nights per degree of freedom';
COMMENT ON COLUMN object_statistics.excess_variance IS 'variance less the mean squared error, over the squared mean';
COMMENT ON COLUMN object_statistics.v IS 'TraP''s V: std / mean';
COMMENT ON COLUMN object_statistics.eta IS 'TraP''s eta: weighted variance about the weighted mean, the same as chi2_dof';
COMMENT ON COLUMN object_statistics.median_mag IS 'mag; of the median f; NULL, as all robust ones: photdb statistics --robust';
COMMENT ON COLUMN object_statistics.amplitude_p5_p95 IS 'mag; from the 5th to the 95th percentile';
COMMENT ON COLUMN object_statistics.amplitude IS 'mag; from the least to the greatest f';
COMMENT ON COLUMN object_statistics.mad_mag IS 'mag; median absolute deviation, 1.0857 mad / median';
COMMENT ON COLUMN object_statistics.iqr_mag IS 'mag; distance of the quartiles';
COMMENT ON COLUMN object_statistics.von_neumann IS 'mean squared step over the variance: 2 for noise';
COMMENT ON COLUMN object_statistics.lag_1 IS 'autocorrelation of neighbouring points';
COMMENT ON COLUMN object_statistics.stetson_j IS 'Stetson''s J of neighbouring points';
COMMENT ON COLUMN object_statistics.stetson_j_bands IS 'Stetson''s J of pairs with another passband';
COMMENT ON COLUMN object_statistics.stetson_k IS 'Stetson''s K';
COMMENT ON COLUMN object_statistics.skew IS 'sample skewness of f';
COMMENT ON COLUMN object_statistics.kurtosis IS 'sample excess kurtosis of f';
COMMENT ON COLUMN object_statistics.beyond_1_sigma IS 'share of points beyond one standard deviation';
COMMENT ON COLUMN object_statistics.max_slope IS 'per day; greatest change between neighbours over the mean';
COMMENT ON COLUMN object_statistics.cal_low IS 'lowest number of the calibrations of its points';
COMMENT ON COLUMN object_statistics.cal_high IS 'highest number of them';
