-- Write the rows of the tiles that stars arrived in.
INSERT INTO refcat_tile
SELECT catalog, norder, npix, n_star, is_complete, source, fetched, run_id
FROM touched_tile;
