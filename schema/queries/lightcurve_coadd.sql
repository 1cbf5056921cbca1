-- Weighted means of the calibrated fluxes of a light curve, by band and night or of all nights: what frames together show of a
-- star that none of them shows alone.
--
-- Fluxes are added, never magnitudes, whatever their sign. Weights are w = 1 / noise^2 of the aperture with no source in it (of a
-- detection: of the frame's), never of the error, which grows with the flux itself: photdb/photometry/coadd.py has the same.
--   flux = sum(w f) / sum(w), error^2 = sum(w^2 e^2) / sum(w)^2
--   noise^2 = sum(w^2 min(noise, e)^2) / sum(w)^2 + (sum(w stays) / sum(w))^2, stays^2 = noise^2 - min(noise, e)^2
-- What the noise has more than the error does not change from frame to frame: more frames do not make it less.
-- Frames without a zero point take no part. The mark WHERE false stands for the light curve itself (photdb.asking.coadding).
-- $by     VARCHAR   night or all
-- $sigma  DOUBLE    a mean below so many times its noise is a limit
WITH curve AS MATERIALIZED (
  SELECT * FROM lightcurve WHERE false
),
-- Fluxes in units of magnitude 0. A limit says how much noise of an aperture is: also where the flux is negative.
scaled AS (
  SELECT
    c.band,
    c.mag_system,
    CASE WHEN $by::VARCHAR = 'night' THEN f.night END AS night,
    c.kind,
    c.mjd_mid,
    c.flux::DOUBLE AS flux,
    c.flux_err::DOUBLE AS flux_err,
    c.zp_err,
    c.zp_sys,
    c.flux_mjy / nullif(c.flux, 0) AS mjy,
    10 ** (-0.4 * c.limit_mag) / 5 AS empty,
    CASE
      WHEN c.kind = 'forced' THEN 10 ** (-0.4 * c.limit_mag) / 5 / c.noise
      WHEN c.mag IS NOT NULL THEN 10 ** (-0.4 * c.mag) / c.flux
      ELSE 10 ** (-0.4 * c.zp)
    END AS scale
  FROM curve AS c
  JOIN frame AS f ON f.frame_id = c.frame_id
  WHERE c.flux IS NOT NULL AND c.zp IS NOT NULL AND c.limit_mag IS NOT NULL AND c.kind <> 'limit'
),
weighted AS (
  SELECT *, flux * scale AS f, flux_err * scale AS e, 1 / (empty * empty) AS w, least(empty, flux_err * scale) AS moves
  FROM scaled
),
mean AS (
  SELECT
    band,
    mag_system,
    night,
    count(*) AS n_point,
    count(*) FILTER (kind = 'forced') AS n_forced,
    min(mjd_mid) AS first_mjd,
    max(mjd_mid) AS last_mjd,
    sum(w * mjd_mid) / sum(w) AS mjd_mid,
    sum(w * f) / sum(w) AS f,
    sqrt(sum(w * w * e * e)) / sum(w) AS e,
    sqrt(sum(w * w * moves * moves) + sum(w * sqrt(empty * empty - moves * moves)) ** 2) / sum(w) AS empty,
    sum(f * f / (e * e)) AS ff,
    sum(f / (e * e)) AS fe,
    sum(1 / (e * e)) AS ee,
    any_value(mjy / scale) AS mjy,
    max(zp_sys) AS zp_sys
  FROM weighted
  GROUP BY band, mag_system, night
)
SELECT
  band,
  night,
  n_point,
  n_forced,
  first_mjd,
  last_mjd,
  mjd_mid,
  flux_to_mag(f, 0) AS mag,
  mag_error(f, e) AS mag_err,
  mag_system,
  mjy * f AS flux_mjy,
  mjy * e AS flux_mjy_err,
  f / greatest(e, empty) AS snr,
  flux_to_mag(5 * empty, 0) AS limit_mag,
  flux_to_mag(3 * empty, 0) AS limit_3_mag,
  f < $sigma::DOUBLE * empty AS is_limit,
  zp_sys,
  CASE WHEN n_point > 1 THEN greatest(ff - 2 * f * fe + f * f * ee, 0) / (n_point - 1) END AS chi2
FROM mean
ORDER BY night, band, mag_system;
