-- Where the objects are that last.
-- needs mover_object
SELECT ra, dec
FROM mover_object
WHERE is_lasting
ORDER BY object_id;
