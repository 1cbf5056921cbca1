-- The range of objects to look at.
-- $low   BIGINT
-- $high  BIGINT
CREATE OR REPLACE TEMP TABLE stat_range AS
SELECT $low::BIGINT AS low, $high::BIGINT AS high;
