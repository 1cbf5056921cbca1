-- Write the links of the due objects; those without a star lose the one they had. The mean position is that of the mean
-- epoch, whatever the object moves by, and stays.
-- $seen  INTEGER  the last run there is
-- needs temp tables link_due, link_chosen, link_loser
UPDATE object
SET
  ref_catalog = n.catalog, ref_source_id = n.source_id, pm_ra = n.pm_ra, pm_dec = n.pm_dec, pm_err = n.pm_err,
  ref_colour = n.ref_colour, ref_colour_index = n.ref_colour_index, linked_run_id = $seen::INTEGER
FROM (
  SELECT w.object_id, c.* EXCLUDE (object_id, d2)
  FROM link_due AS w
  LEFT JOIN (SELECT * FROM link_chosen WHERE object_id NOT IN (SELECT object_id FROM link_loser)) AS c
    ON c.object_id = w.object_id
) AS n
WHERE object.object_id = n.object_id;
