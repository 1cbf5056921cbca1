-- Write all detections of one partition as one sorted run: those of newer nights as codes, and what is compacted already
-- as it stands. What they were copied from goes afterwards. Errors first: a flux is told in units of its error as that
-- will be read.
-- $key_lo, $key_hi  BIGINT  the range of skey
INSERT INTO detection_cold
WITH errors AS (
  SELECT
    *,
    encode_log(flux_err::DOUBLE, 256e0)::INTEGER AS e_flux,
    encode_log(flux_auto_err::DOUBLE, 256e0)::INTEGER AS e_auto,
    list_transform(aper_flux_err, lambda e: encode_log(e::DOUBLE, 256e0)::INTEGER) AS e_aper
  FROM detection_hot
  WHERE skey >= $key_lo::BIGINT AND skey < $key_hi::BIGINT
),
sigmas AS (
  SELECT
    *,
    decode_log(e_auto, 256e0) AS s_auto,
    list_transform(e_aper, lambda e: decode_log(e, 256e0)) AS s_aper
  FROM errors
)
SELECT
  skey,
  object_id,
  frame_id,
  encode_step(ra, 1e7) AS ra,
  encode_step(dec, 1e7) AS dec,
  encode_step(x, 1e3) AS x,
  encode_step(y, 1e3) AS y,
  flux,
  e_flux AS flux_err,
  encode_flux(flux_auto, s_auto) AS flux_auto,
  e_auto AS flux_auto_err,
  list_transform(list_zip(aper_flux, s_aper), lambda p: encode_flux(p[1], p[2]))
    [1 : CASE WHEN aper_flux IS NOT NULL THEN len(aper_flux) END] AS aper_flux,
  e_aper AS aper_flux_err,
  encode_log(sky::DOUBLE, 4096e0)::INTEGER AS sky,
  encode_log(peak::DOUBLE, 4096e0)::INTEGER AS peak,
  encode_log(a::DOUBLE, 2048e0)::INTEGER AS a,
  encode_log(b::DOUBLE, 2048e0)::INTEGER AS b,
  encode_step(theta, 1e3) AS theta,
  encode_log(fwhm::DOUBLE, 2048e0)::INTEGER AS fwhm,
  encode_log(kron_radius::DOUBLE, 2048e0)::INTEGER AS kron_radius,
  encode_log(flux_radius::DOUBLE, 2048e0)::INTEGER AS flux_radius,
  encode_step(class_star, 1e3) AS class_star,
  flags,
  flux_psf,
  encode_log(flux_psf_err::DOUBLE, 256e0)::INTEGER AS flux_psf_err
FROM sigmas
UNION ALL
FROM detection_cold
WHERE skey >= $key_lo::BIGINT AND skey < $key_hi::BIGINT
ORDER BY skey, frame_id;
