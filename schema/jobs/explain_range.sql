-- The stars from which the useful range of magnitude of a frame was found: those that passed the cuts before it.
-- $snr  DOUBLE
SELECT c.mag, c.mag + 2.5 * log10(m.flux::DOUBLE) AS d
FROM zp_measured AS m
JOIN zp_candidate AS c ON c.star = m.star
JOIN explain_frame AS z
  ON z.frame_id = m.frame_id AND z.catalog = c.catalog AND z.ref_band = c.band
  AND z.ref_path IS NOT DISTINCT FROM c.path
WHERE m.cut_no > 3 AND m.flux > $snr * m.flux_err
ORDER BY c.mag;
