-- Due objects with the star of each catalogue that is nearest to them and to which they are the nearest, within reach.
-- Where more than $crowd stars of a catalogue are within reach, the place does not say which it is: none.
-- $crowd  INTEGER
-- needs temp tables link_pair, link_object
CREATE OR REPLACE TEMP TABLE link_mutual AS
WITH holder AS (
  SELECT class, catalog, source_id, arg_min(object_id, (d2, object_id)) AS object_id
  FROM link_pair
  GROUP BY class, catalog, source_id
),
own AS (
  SELECT p.*
  FROM link_pair AS p
  JOIN link_object AS o ON o.object_id = p.object_id AND o.class = p.class
  WHERE p.d2 <= (2 * sin(radians(o.reach_arcsec / 3600) / 2)) ** 2
  QUALIFY row_number() OVER (PARTITION BY p.object_id, p.catalog ORDER BY p.d2, p.source_id) = 1
    AND count(*) OVER (PARTITION BY p.object_id, p.catalog) <= $crowd
)
SELECT w.*
FROM own AS w
JOIN holder AS h
  ON h.class = w.class AND h.catalog = w.catalog AND h.source_id = w.source_id AND h.object_id = w.object_id;
