-- Take away the row of a tile.
-- $catalog  VARCHAR
-- $norder   INTEGER
-- $npix     BIGINT
DELETE FROM refcat_tile
WHERE catalog = $catalog AND norder = $norder AND npix = $npix;
