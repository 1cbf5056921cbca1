-- Forget which frames the statistics hold.
DELETE FROM statistics_frame;
