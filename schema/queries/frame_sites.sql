-- What the sites of frames are called in the paths of moving targets; no row where it is not known.
-- $frames  INTEGER[]
SELECT frame_id, site_called(site, site_latitude, site_longitude) AS site
FROM frame
WHERE frame_id IN (SELECT unnest($frames::INTEGER[])) AND site_called(site, site_latitude, site_longitude) IS NOT NULL;
