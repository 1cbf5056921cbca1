-- Take away the forced fluxes of objects in frames that are measured again; that they are to be made anew stays.
-- $frame_ids  INTEGER[]
UPDATE forced
SET reason = 'the frame is measured again', is_detected = false, flags = 0,
  ra = NULL, dec = NULL, x = NULL, y = NULL, shift_ra = NULL, shift_dec = NULL, a_px = NULL, b_px = NULL, theta = NULL,
  flux = NULL, flux_err = NULL, err_source = NULL, err_pixels = NULL, err_background = NULL, noise = NULL,
  noise_empty = NULL, correction = NULL, sky = NULL, frac_edge = NULL, frac_masked = NULL, frac_saturated = NULL,
  chi2 = NULL, noise_factor = NULL
WHERE target_id IS NULL AND frame_id IN (SELECT unnest($frame_ids::INTEGER[]));
