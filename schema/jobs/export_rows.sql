-- Rows of a piece of the sky, calibrated: the detections of its objects (rank: the object's place among them), those without an
-- object, and those that lie here but belong elsewhere (arrived). What all rows of a frame share is left to the place of the
-- frame in export_frame.
-- $lo, $hi    BIGINT   sort keys
-- $from, $to  BIGINT   order-29 cells of the piece, the last excluded
-- $orphans    BOOLEAN  whether those without an object are wanted
WITH piece AS (
  SELECT
    d.skey, d.object_id, d.frame_id, d.ra, d.dec, d.x, d.y, d.flux, d.flux_err, d.flux_auto, d.flux_auto_err, d.aper_flux,
    d.aper_flux_err, d.sky, d.peak, d.a, d.b, d.theta, d.fwhm, d.kron_radius, d.flux_radius, d.class_star, d.flags,
    d.flux_psf, d.flux_psf_err,
    c.ux, c.uy, c.uz, c.rank, coalesce(c.hpx, d.skey) >> 38 AS home, false AS arrived
  FROM detection AS d
  LEFT JOIN export_chunk AS c ON c.object_id = d.object_id
  WHERE d.skey BETWEEN $lo::BIGINT AND $hi::BIGINT
    AND (
      c.object_id IS NOT NULL
      OR ($orphans::BOOLEAN AND d.object_id IS NULL AND d.skey >= $from::BIGINT AND d.skey < $to::BIGINT)
    )
  UNION ALL
  SELECT
    d.skey, d.object_id, d.frame_id, d.ra, d.dec, d.x, d.y, d.flux, d.flux_err, d.flux_auto, d.flux_auto_err, d.aper_flux,
    d.aper_flux_err, d.sky, d.peak, d.a, d.b, d.theta, d.fwhm, d.kron_radius, d.flux_radius, d.class_star, d.flags,
    d.flux_psf, d.flux_psf_err,
    d.ux, d.uy, d.uz, c.rank, d.home, false
  FROM export_arriving AS d
  JOIN export_chunk AS c ON c.object_id = d.object_id
  WHERE d.away
  UNION ALL
  SELECT
    d.skey, d.object_id, d.frame_id, d.ra, d.dec, d.x, d.y, d.flux, d.flux_err, d.flux_auto, d.flux_auto_err, d.aper_flux,
    d.aper_flux_err, d.sky, d.peak, d.a, d.b, d.theta, d.fwhm, d.kron_radius, d.flux_radius, d.class_star, d.flags,
    d.flux_psf, d.flux_psf_err,
    d.ux, d.uy, d.uz, NULL, d.home, true
  FROM export_arriving AS d
  WHERE d.own >= $from::BIGINT >> 38 AND d.own <= ($to::BIGINT - 1) >> 38
)
SELECT
  rank,
  home,
  arrived,
  place,
  mjd_mid,
  object_id,
  frame_id,
  ra,
  dec,
  jd_tdb + (bary_x * ux + bary_y * uy + bary_z * uz) AS bjd_tdb,
  flux_to_mag(flux, here) AS mag,
  mag_error(flux, flux_err) AS mag_err,
  sqrt(mag_error(flux, flux_err) ** 2 + coalesce(zp_err, 0) ** 2 + coalesce(zp_sys, 0) ** 2) AS mag_err_total,
  mjy * flux AS flux_mjy,
  mjy * flux_err AS flux_mjy_err,
  flux,
  flux_err,
  flags,
  sky,
  x,
  y,
  flux_auto,
  flux_auto_err,
  aper_flux,
  aper_flux_err,
  peak,
  a,
  b,
  theta,
  fwhm,
  kron_radius,
  flux_radius,
  class_star,
  flux_psf,
  flux_psf_err
FROM (
  SELECT *, flux_to_mjy(1, here, mag_system, ab_offset) AS mjy
  FROM (
    SELECT p.*, f.* EXCLUDE (frame_id, digest), zp_here(f, p.flux, p.x, p.y, f.width, f.height) AS here
    FROM piece AS p
    JOIN export_frame AS f ON f.frame_id = p.frame_id
  ) AS placed
) AS d;
