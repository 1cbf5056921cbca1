-- Lay down the forced fluxes that workers have measured.
-- $files  VARCHAR[]  Parquet
-- needs forced_staged
INSERT INTO forced_staged BY NAME
SELECT *
FROM read_parquet($files::VARCHAR[]);
