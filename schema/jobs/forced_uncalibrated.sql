-- In which apertures the fluxes of a run have no zero point, and in how many frames each.
-- $run_id  INTEGER
SELECT
  CASE WHEN a.kind IN ('arcsec', 'fwhm') THEN printf('%g', a.diameter) || a.kind ELSE a.kind END AS aperture,
  count(DISTINCT f.frame_id) AS n_frame
FROM forced AS f
LEFT JOIN aperture AS a ON a.aperture_id = f.aperture_id
ANTI JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = f.aperture_id
WHERE f.run_id = $run_id::INTEGER AND f.flux IS NOT NULL AND f.frame_id IN (SELECT frame_id FROM frame_calibration)
GROUP BY ALL
ORDER BY n_frame DESC, aperture;
