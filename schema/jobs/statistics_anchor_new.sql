-- What the sums of objects without an anchor are about: any of their points.
-- needs stat_point, stat_anchor
INSERT INTO stat_anchor
SELECT p.object_id, p.series, any_value(p.f)
FROM stat_point AS p
ANTI JOIN stat_anchor AS a ON a.object_id = p.object_id AND a.series = p.series
WHERE p.f IS NOT NULL
GROUP BY p.object_id, p.series
ORDER BY ALL;
