-- Pixel scale of each detector, from frames whose WCS the stars confirmed.
SELECT detector, binning, median(pixel_scale_arcsec) AS pixel_scale_arcsec
FROM frame
WHERE state = 'ok' AND wcs_kind IN ('solved', 'refined') AND pixel_scale_arcsec IS NOT NULL
GROUP BY detector, binning
ORDER BY detector, binning;
