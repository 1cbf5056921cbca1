-- Add the stars that arrived, sorted by place.
INSERT INTO refstar BY NAME
SELECT catalog, source_id, hpx, ra, dec, epoch, pm_ra, pm_dec, is_good, pm_err
FROM incoming_star
ORDER BY hpx, source_id;
