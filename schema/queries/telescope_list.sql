-- The telescope files that photdb reads, in the order they are tried.
-- $rows  JSON; an array of the files that photdb.ingest.telescope read
SELECT
    line.telescope AS telescope,
    line.title AS title,
    line.matches AS matches,
    line.source AS source
FROM (
    SELECT unnest(from_json($rows, '[{"telescope":"VARCHAR","title":"VARCHAR","matches":"VARCHAR","source":"VARCHAR"}]')) AS line
)
