-- Zero points of PSF fluxes where no detection has one: the primary aperture's, shifted by what the frame's bright stars say.
-- In every calibration of the frames.
-- $frame_ids  INTEGER[]
INSERT INTO zeropoint BY NAME
SELECT
  z.* REPLACE (
    -2 AS aperture_id,
    z.zp + p.zp_shift AS zp,
    sqrt(z.zp_err ** 2 + p.zp_shift_err ** 2) AS zp_err,
    NULL AS zp_scatter,
    NULL AS chi2,
    z.zp + p.zp_shift - 2.5 * log10(5 * p.noise) AS limit_mag,
    z.zp + p.zp_shift - 2.5 * log10(3 * p.noise) AS limit_3_mag,
    concat_ws('; ', z.reason, 'the primary aperture''s, shifted by ' || p.n_shift || ' stars') AS reason
  )
FROM zeropoint AS z
JOIN frame_psf AS p ON p.frame_id = z.frame_id AND p.in_use AND p.zp_shift IS NOT NULL
WHERE z.aperture_id = 0 AND z.mag_system <> 'instrumental'
  AND z.frame_id IN (SELECT unnest($frame_ids::INTEGER[]))
  AND NOT EXISTS (
    FROM zeropoint AS there
    WHERE there.cal_id = z.cal_id AND there.frame_id = z.frame_id AND there.aperture_id = -2
  );
