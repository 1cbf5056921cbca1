-- The fluxes in some apertures of the stars that are used: PSF and auto first where they are asked for.
-- $from, $to   INTEGER  first and last aperture; 0 is auto, -1 PSF
-- $with_place  BOOLEAN  u and v are wanted
SELECT
  s.system, s.frame, m.star, m.part,
  CASE WHEN $with_place THEN m.u END AS u, CASE WHEN $with_place THEN m.v END AS v,
  list_resize(
    list_concat(
      CASE WHEN $from = -1 THEN [d.flux_psf] ELSE [] END,
      CASE WHEN $from <= 0 AND $to >= 0 THEN [d.flux_auto] ELSE [] END,
      d.aper_flux[greatest($from, 1):$to]
    ), $to - $from + 1
  ) AS flux,
  list_resize(
    list_concat(
      CASE WHEN $from = -1 THEN [d.flux_psf_err] ELSE [] END,
      CASE WHEN $from <= 0 AND $to >= 0 THEN [d.flux_auto_err] ELSE [] END,
      d.aper_flux_err[greatest($from, 1):$to]
    ), $to - $from + 1
  ) AS flux_err
FROM zp_measured AS m
JOIN zp_system AS s ON s.task_no = m.task_no
JOIN detection AS d ON d.frame_id = m.frame_id AND d.object_id = m.object_id
WHERE m.cut_no = 99;
