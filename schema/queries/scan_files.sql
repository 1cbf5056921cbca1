-- The lines of `photdb scan --files`: every image, and every file that cannot be used with its reason.
-- $rows  JSON; an array of the images and files that photdb.jobs.scan found
SELECT
    line.path AS path,
    line.hdu AS hdu,
    line.night AS night,
    line.telescope AS telescope,
    line.filter AS filter,
    line.type AS type,
    line.object AS object,
    line.size AS size,
    line.exposure_s AS exposure_s,
    line.mjd_mid AS mjd_mid,
    line.airmass AS airmass,
    line.problem AS problem
FROM (
    SELECT unnest(from_json($rows, '[{"path":"VARCHAR","hdu":"INTEGER","night":"VARCHAR","telescope":"VARCHAR","filter":"VARCHAR","type":"VARCHAR","object":"VARCHAR","size":"VARCHAR","exposure_s":"DOUBLE","mjd_mid":"DOUBLE","airmass":"DOUBLE","problem":"VARCHAR"}]')) AS line
)
