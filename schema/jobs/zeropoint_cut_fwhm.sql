-- Remove the stars whose FWHM is far from the median of those that have passed the cuts before, in robust sigmas.
-- $sigma  DOUBLE
UPDATE zp_measured AS m
SET cut_no = least(m.cut_no, 6), cut_else = least(m.cut_else, 6)
FROM (
  SELECT task_no, median(fwhm_arcsec) AS middle, $sigma * 1.4826 * mad(fwhm_arcsec) AS wide
  FROM zp_measured
  WHERE cut_no > 6
  GROUP BY task_no
) AS s
WHERE s.task_no = m.task_no AND m.cut_else > 6 AND coalesce(abs(m.fwhm_arcsec - s.middle) > s.wide, true);
