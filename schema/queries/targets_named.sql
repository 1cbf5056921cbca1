-- What names mean at once: targets whatever their case, blanks and underscores, then objects by their whole name; not moving ones.
-- Of targets that were measured at their place (forced) with their number and the object there.
-- $names  VARCHAR   JSON: [{"place": 1, "name": "AG Peg"}, ...]
WITH asked AS MATERIALIZED (
  SELECT place, name, plain_name(name) AS plain
  FROM (SELECT unnest(from_json($names::VARCHAR, '[{"place": "INTEGER", "name": "VARCHAR"}]'), recursive := true))
)
SELECT
  a.place, t.ra, t.dec, NULL::BIGINT AS object_id, t.target_id, t.name, t.object_id AS linked_id,
  t.a_arcsec IS NOT NULL AS is_ellipse, coalesce(t.target_id IN (SELECT target_id FROM forced), false) AS is_measured
FROM asked AS a
JOIN target AS t ON plain_name(t.name) = a.plain
JOIN target_kind AS k ON k.target_id = t.target_id AND k.kind = 'fixed'
UNION ALL
SELECT a.place, NULL, NULL, o.object_id, NULL, NULL, NULL, false, false
FROM asked AS a
JOIN object AS o ON o.name = replace(a.name, ' ', '')
ORDER BY place, object_id;
