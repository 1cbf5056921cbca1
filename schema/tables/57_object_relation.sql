-- Two objects that disturb each other.
CREATE TABLE object_relation (
  object_id BIGINT NOT NULL,
  other_id BIGINT NOT NULL,
  kind VARCHAR NOT NULL,
  separation_arcsec DOUBLE NOT NULL,
  n_frame INTEGER,
  run_id INTEGER NOT NULL,
  fwhm_arcsec DOUBLE,
  worst_fwhm_arcsec DOUBLE
);
COMMENT ON TABLE object_relation IS 'two objects near each other, a row each way';
COMMENT ON COLUMN object_relation.object_id IS 'the object';
COMMENT ON COLUMN object_relation.other_id IS 'the one beside it';
COMMENT ON COLUMN object_relation.kind IS 'blend (some frames do not tell them apart) or neighbour (its light reaches into the aperture)';
COMMENT ON COLUMN object_relation.separation_arcsec IS 'arcsec; between their positions';
COMMENT ON COLUMN object_relation.n_frame IS 'frames that do not tell them apart';
COMMENT ON COLUMN object_relation.run_id IS 'the run that found it';
COMMENT ON COLUMN object_relation.fwhm_arcsec IS 'arcsec; median FWHM of the frames there: a neighbour is within 3 of them';
COMMENT ON COLUMN object_relation.worst_fwhm_arcsec IS 'arcsec; FWHM of the worst frame there, at most 3 medians: a blend is within 1.5 of them';
