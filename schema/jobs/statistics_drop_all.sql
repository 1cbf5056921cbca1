-- Take away all statistics.
DELETE FROM object_band;
