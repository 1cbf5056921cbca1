-- Compacted values whose codes mean nothing.
SELECT frame_id, count(*) AS n_detection
FROM detection_cold
WHERE flux_err < 0 OR flux_err > 61440 OR flux_auto_err < 0 OR flux_auto_err > 61440
  OR flux_psf_err < 0 OR flux_psf_err > 61440
  OR abs(sky) > 983040 OR abs(peak) > 983040
  OR abs(a) > 491520 OR abs(b) > 491520 OR abs(fwhm) > 491520 OR abs(kron_radius) > 491520 OR abs(flux_radius) > 491520
  -- encode_flux has nothing between fluxes told in their error and those told by their logarithm
  OR abs(flux_auto) BETWEEN 2147483648 AND 4294967295
  OR len(aper_flux) <> len(aper_flux_err)
GROUP BY frame_id
ORDER BY frame_id;
