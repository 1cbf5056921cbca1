-- Write the zero points of a calibration.
INSERT INTO zeropoint BY NAME
SELECT *
FROM zp_found;
