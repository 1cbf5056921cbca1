-- Take away all rows of the objects that are counted anew.
-- needs stat_touched(object_id)
DELETE FROM object_band
WHERE object_id IN (SELECT object_id FROM stat_touched);
