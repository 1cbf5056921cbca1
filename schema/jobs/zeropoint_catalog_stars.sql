-- The usable reference stars of the frames that were given a catalogue and band, with all their fluxes.
SELECT
  p.frame_id,
  dense_rank() OVER (ORDER BY p.catalog, p.source_id, p.band) - 1 AS star,
  p.part, p.mag, p.mag_err, p.flux, p.flux_err
FROM zp_pair AS p
JOIN zp_chosen AS c ON c.frame_id = p.frame_id AND c.catalog = p.catalog AND c.ref_band = p.band
WHERE p.is_usable
ORDER BY p.frame_id, star;
