-- One key range of detection_cold: a HEALPix cell, as large as holds about a million detections.
CREATE TABLE hpx_partition (
  norder TINYINT NOT NULL,
  npix BIGINT NOT NULL,
  key_lo BIGINT NOT NULL,
  key_hi BIGINT NOT NULL,
  n_rows BIGINT NOT NULL,
  n_runs INTEGER NOT NULL,
  compacted_at TIMESTAMP
);
COMMENT ON TABLE hpx_partition IS 'one key range of detection_cold, compacted as a whole; the ranges do not overlap';
COMMENT ON COLUMN hpx_partition.norder IS 'HEALPix order (NESTED); -1: detections without a place (skey -1)';
COMMENT ON COLUMN hpx_partition.npix IS 'cell of that order';
COMMENT ON COLUMN hpx_partition.key_lo IS 'least skey of the range';
COMMENT ON COLUMN hpx_partition.key_hi IS 'the range ends before this skey';
COMMENT ON COLUMN hpx_partition.n_rows IS 'rows in detection_cold; what newer nights brought is in detection_hot';
COMMENT ON COLUMN hpx_partition.n_runs IS 'sorted runs its rows lay in when last counted, cold and hot: 1 after a compaction';
COMMENT ON COLUMN hpx_partition.compacted_at IS 'UTC; NULL: never';
