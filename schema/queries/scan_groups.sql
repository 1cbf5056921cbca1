-- The lines of `photdb scan`: frames of one night that are alike, counted.
-- $rows  JSON; an array of the groups that photdb.jobs.scan found
SELECT
    line.night AS night,
    line.telescope AS telescope,
    line.filter AS filter,
    line.type AS type,
    line.object AS object,
    line.size AS size,
    line.exposure_s AS exposure_s,
    line.count AS count
FROM (
    SELECT unnest(from_json($rows, '[{"night":"VARCHAR","telescope":"VARCHAR","filter":"VARCHAR","type":"VARCHAR","object":"VARCHAR","size":"VARCHAR","exposure_s":"DOUBLE","count":"BIGINT"}]')) AS line
)
