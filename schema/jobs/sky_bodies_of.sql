-- The bodies of an answer of SkyBoT.
-- $query_id  INTEGER
SELECT number, name, kind, ra, dec, ra_rate, dec_rate, v_mag, sigma_arcsec, r_au, delta_au, phase_deg
FROM sky_body
WHERE query_id = $query_id::INTEGER
ORDER BY name;
