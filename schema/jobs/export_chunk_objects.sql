-- The objects in hand, in the order of their rows.
SELECT
  hpx AS _healpix_29, object_id, name, ra, dec, epoch, pm_ra, pm_dec, n_detections, ref_catalog, ref_source_id, kind,
  target_id, vsx_name, ref_colour, ref_colour_index
FROM export_chunk
ORDER BY rank;
