-- Take away what was known of the touched stars' pairs, and pairs with objects that are no more, or not seen any more.
-- needs temp table rel_touched
DELETE FROM object_relation
WHERE object_id IN (SELECT object_id FROM rel_touched)
  OR other_id IN (SELECT object_id FROM rel_touched)
  OR object_id NOT IN (SELECT object_id FROM object WHERE n_detections > 0)
  OR other_id NOT IN (SELECT object_id FROM object WHERE n_detections > 0);
