-- Nights of the measured frames whose outline holds a position, one row a frame.
-- $ra   DOUBLE   deg
-- $dec  DOUBLE   deg
SELECT night
FROM frames_at($ra::DOUBLE, $dec::DOUBLE);
