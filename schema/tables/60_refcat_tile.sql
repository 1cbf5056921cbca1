-- One HEALPix tile of a reference catalogue that is in the cache; an empty one is a row too.
CREATE TABLE refcat_tile (
  catalog VARCHAR NOT NULL,
  norder TINYINT NOT NULL,
  npix BIGINT NOT NULL,
  n_star INTEGER NOT NULL,
  is_complete BOOLEAN NOT NULL,
  source VARCHAR NOT NULL,
  fetched TIMESTAMP NOT NULL,
  run_id INTEGER NOT NULL
);
COMMENT ON TABLE refcat_tile IS 'one HEALPix tile of a reference catalogue that is in the cache; an empty one is a row too';
COMMENT ON COLUMN refcat_tile.catalog IS 'tycho2, gaiaxp ...';
COMMENT ON COLUMN refcat_tile.norder IS 'HEALPix order of the tile';
COMMENT ON COLUMN refcat_tile.npix IS 'NESTED cell of the tile';
COMMENT ON COLUMN refcat_tile.n_star IS 'stars in it';
COMMENT ON COLUMN refcat_tile.is_complete IS 'whether the tile was asked for whole; a file the user added need not cover it';
COMMENT ON COLUMN refcat_tile.source IS 'file or service';
COMMENT ON COLUMN refcat_tile.fetched IS 'UTC';
COMMENT ON COLUMN refcat_tile.run_id IS 'the run that brought it';
