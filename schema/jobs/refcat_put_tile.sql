-- Write the row of a tile that was asked for whole.
-- $catalog  VARCHAR
-- $norder   INTEGER
-- $npix     BIGINT
-- $n_star   INTEGER
-- $source   VARCHAR
-- $now      TIMESTAMP  UTC
-- $run_id   INTEGER
INSERT INTO refcat_tile
SELECT $catalog, $norder, $npix, $n_star, true, $source, $now::TIMESTAMP, $run_id;
