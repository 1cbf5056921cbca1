-- Take away the rows of the tiles that stars arrived in.
-- $catalog  VARCHAR
-- $norder   INTEGER
DELETE FROM refcat_tile
WHERE catalog = $catalog AND norder = $norder AND npix IN (SELECT npix FROM touched_tile);
