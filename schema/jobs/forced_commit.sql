-- Append the forced fluxes of a night as one run, sorted.
-- $run_id  INTEGER
-- needs forced_new
INSERT INTO forced BY NAME
SELECT *, $run_id::INTEGER AS run_id
FROM forced_new
ORDER BY skey, frame_id, aperture_id;
