-- Add the path of a target.
-- $target_id  INTEGER
-- $source     VARCHAR
-- needs given_path(mjd, ra, dec, ra_rate, dec_rate, sigma_arcsec)
INSERT INTO ephemeris BY NAME
SELECT $target_id::INTEGER AS target_id, mjd, ra, dec, ra_rate, dec_rate, sigma_arcsec, $source::VARCHAR AS source
FROM given_path
ORDER BY mjd;
