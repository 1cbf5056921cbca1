-- Write robust statistics into the rows of object_band.
-- needs stat_robust, stat_series
UPDATE object_band
SET
  median = r.median, mad = r.mad, iqr = r.iqr, p5 = r.p5, p95 = r.p95, low = r.low, high = r.high,
  von_neumann = r.von_neumann, lag_1 = r.lag_1, stetson_j = r.stetson_j, stetson_j_bands = r.stetson_j_bands,
  stetson_k = r.stetson_k, skew = r.skew, kurtosis = r.kurtosis, beyond_1_sigma = r.beyond_1_sigma, max_slope = r.max_slope
FROM stat_robust AS r
JOIN stat_series AS s ON s.series = r.series
WHERE object_band.object_id = r.object_id AND object_band.mag_system = s.mag_system
  AND object_band.band IS NOT DISTINCT FROM s.band AND object_band.detector IS NOT DISTINCT FROM s.detector;
