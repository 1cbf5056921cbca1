-- Take the detections that were assigned out of the loose ones.
DELETE FROM loose
WHERE rid IN (SELECT rid FROM assigned);
