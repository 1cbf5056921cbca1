-- Write down in how many sorted runs the rows of each partition lie now.
-- needs given_runs(key_lo, n_runs)
UPDATE hpx_partition
SET n_runs = g.n_runs
FROM given_runs AS g
WHERE hpx_partition.key_lo = g.key_lo AND hpx_partition.n_runs <> g.n_runs;
