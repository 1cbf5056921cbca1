-- Numbers of the stars inside a MOC.
-- $moc  VARCHAR   in ASCII or JSON
SELECT object_id
FROM moc($moc::VARCHAR)
ORDER BY object_id;
