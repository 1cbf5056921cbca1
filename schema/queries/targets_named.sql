-- What names mean at once: targets whatever their case and blanks, then objects by their whole name; not those that move.
-- $names  VARCHAR   JSON: [{"place": 1, "name": "AG Peg"}, ...]
WITH asked AS MATERIALIZED (
  SELECT place, name, lower(replace(name, ' ', '')) AS plain
  FROM (SELECT unnest(from_json($names::VARCHAR, '[{"place": "INTEGER", "name": "VARCHAR"}]'), recursive := true))
)
SELECT a.place, t.ra, t.dec, NULL::BIGINT AS object_id
FROM asked AS a
JOIN target AS t ON lower(replace(t.name, ' ', '')) = a.plain
WHERE t.target_id NOT IN (SELECT target_id FROM ephemeris)
UNION ALL
SELECT a.place, NULL, NULL, o.object_id
FROM asked AS a
JOIN object AS o ON o.name = replace(a.name, ' ', '')
ORDER BY place, object_id;
