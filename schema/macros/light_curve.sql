-- Light curve of one object, oldest first, with the columns of the view lightcurve.
CREATE OR REPLACE MACRO light_curve(of_object) AS TABLE
SELECT *
FROM lightcurve
WHERE object_id = of_object::BIGINT
ORDER BY mjd_mid, band, frame_id;
