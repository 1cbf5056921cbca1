-- Detections whose numbers cannot be: place on the sky or the detector, fluxes that are no numbers.
-- Imported light curves have no place on a detector (NaN).
SELECT
  d.frame_id,
  count(*) AS n_detection,
  count(*) FILTER (d.ra NOT BETWEEN 0 AND 360 OR d.dec NOT BETWEEN -90 AND 90 OR isnan(d.ra) OR isnan(d.dec)) AS n_sky,
  count(*) FILTER (d.x < -1 OR d.y < -1 OR d.x > f.width OR d.y > f.height OR (isnan(d.x) OR isnan(d.y)) AND f.origin <> 'imported') AS n_pixel,
  count(*) FILTER (
    NOT isfinite(d.flux) OR NOT isfinite(d.flux_err) OR NOT isfinite(d.flux_psf) OR NOT isfinite(d.flux_psf_err)
  ) AS n_flux
FROM detection AS d
JOIN frame AS f ON f.frame_id = d.frame_id
WHERE d.ra NOT BETWEEN 0 AND 360 OR d.dec NOT BETWEEN -90 AND 90 OR isnan(d.ra) OR isnan(d.dec)
  OR d.x < -1 OR d.y < -1 OR d.x > f.width OR d.y > f.height OR (isnan(d.x) OR isnan(d.y)) AND f.origin <> 'imported'
  OR NOT isfinite(d.flux) OR NOT isfinite(d.flux_err) OR NOT isfinite(d.flux_psf) OR NOT isfinite(d.flux_psf_err)
GROUP BY d.frame_id
ORDER BY d.frame_id;
