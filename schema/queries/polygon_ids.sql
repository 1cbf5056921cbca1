-- Numbers of the stars inside a polygon.
-- $ras   VARCHAR   corners, deg, as text of a DOUBLE[]
-- $decs  VARCHAR   corners, deg, as text of a DOUBLE[]
SELECT object_id
FROM polygon($ras::VARCHAR::DOUBLE[], $decs::VARCHAR::DOUBLE[])
ORDER BY object_id;
