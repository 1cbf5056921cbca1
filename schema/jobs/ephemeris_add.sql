-- Add the path of a target.
-- $target_id  INTEGER
-- $source     VARCHAR
-- $site       VARCHAR  NULL: it serves every one
-- needs given_path(mjd, ra, dec, ra_rate, dec_rate, sigma_arcsec, r_au, delta_au, phase_deg, v_mag)
INSERT INTO ephemeris BY NAME
SELECT
  $target_id::INTEGER AS target_id, mjd, ra, dec, ra_rate, dec_rate, sigma_arcsec, r_au, delta_au, phase_deg, v_mag,
  $source::VARCHAR AS source, $site::VARCHAR AS site
FROM given_path
ORDER BY mjd;
