-- The mean date of the measured frames, Julian year; NULL: there are none.
SELECT 2000 + (avg(mjd_mid) - 51544.5) / 365.25 AS epoch
FROM frame
WHERE state = 'ok';
