-- Take away all that is known of pairs.
DELETE FROM object_relation;
