-- The objects that vary in our own data: chi2 per degree of freedom of their light curve in a band, as it is calibrated
-- now, about its median. The error is that of the measurement and of its zero point, never below 0.01 mag.
-- $max_chi2  DOUBLE   per degree of freedom; NULL: none vary
-- $least     INTEGER  frames
CREATE OR REPLACE TEMP TABLE zp_varying AS
WITH point AS (
  SELECT
    d.object_id, f.detector, f.band, flux_to_mag(d.flux, z.zp) AS mag,
    mag_error(d.flux, d.flux_err) ** 2 + coalesce(z.zp_err, 0) ** 2 + 0.0001 AS var
  FROM detection AS d
  JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
  JOIN frame AS f ON f.frame_id = d.frame_id
  WHERE $max_chi2::DOUBLE IS NOT NULL AND d.flux > 10 * d.flux_err AND d.flags & 92 = 0 AND z.mag_system <> 'instrumental'
    AND d.object_id IN (SELECT object_id FROM zp_object)
),
centred AS (
  SELECT *, mag - median(mag) OVER (PARTITION BY object_id, detector, band) AS off
  FROM point
)
SELECT DISTINCT object_id
FROM centred
GROUP BY object_id, detector, band
HAVING count(*) >= $least AND sum(off ** 2 / var) / (count(*) - 1) > $max_chi2::DOUBLE;
