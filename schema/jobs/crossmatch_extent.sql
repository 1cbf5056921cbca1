-- The largest spread and reach of the stars that are looked at, and the largest reach of loose detections, arcsec.
SELECT (SELECT max(spread) FROM sought), (SELECT max(reach) FROM sought), (SELECT max(reach) FROM loose);
