-- What the paths of moving targets call the site of a frame: its name, else its longitude and latitude; NULL: not known.
CREATE OR REPLACE MACRO site_called(site, latitude, longitude) AS
  coalesce(nullif(trim(site), ''), printf('%+.3f %+.3f', longitude, latitude));
