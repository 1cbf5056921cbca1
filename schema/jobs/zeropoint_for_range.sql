-- What the range of magnitude is found from: stars that have passed the cuts before it, well measured.
-- $snr  DOUBLE
SELECT m.task_no, c.mag, c.mag + 2.5 * log10(m.flux::DOUBLE) AS d
FROM zp_measured AS m
JOIN zp_candidate AS c ON c.star = m.star
WHERE m.cut_no > 3 AND m.flux > $snr * m.flux_err
ORDER BY m.task_no, c.mag;
