-- The names of the cuts.
-- $cuts  VARCHAR[]  in the order in which they are made
CREATE OR REPLACE TEMP TABLE zp_cut_name AS
SELECT i::TINYINT AS cut_no, ($cuts::VARCHAR[])[i] AS cut
FROM range(1, len($cuts::VARCHAR[]) + 1) AS r(i);
