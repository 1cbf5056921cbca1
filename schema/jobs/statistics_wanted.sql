-- Count only some objects.
-- $object_ids  BIGINT[]
CREATE OR REPLACE TEMP TABLE stat_touched AS
SELECT DISTINCT unnest($object_ids::BIGINT[]) AS object_id;
