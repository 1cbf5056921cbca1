-- Make room for the forced fluxes of a night.
CREATE OR REPLACE TEMP TABLE forced_staged AS
SELECT * EXCLUDE (skey, is_detected, run_id)
FROM forced
LIMIT 0;
