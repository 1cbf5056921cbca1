-- Detections of reference stars: in every frame the nearest one of each star, and whether it may be used.
-- part is the part of the detector, out of 8 x 8, that it fell on.
-- $bad_flags  INTEGER  bits that leave a detection out
-- $n_aper     INTEGER  apertures
CREATE OR REPLACE TEMP TABLE zp_pair AS
WITH nearest AS (
  SELECT
    d.frame_id, m.catalog, m.source_id, d.flags, f.band AS frame_band, f.tie, f.aperture_arcsec,
    8 * greatest(0, least(7, floor(8 * d.y / f.height))) + greatest(0, least(7, floor(8 * d.x / f.width))) AS part,
    list_concat([d.flux, d.flux_auto], list_resize(coalesce(d.aper_flux, []), $n_aper)) AS flux,
    list_concat([d.flux_err, d.flux_auto_err], list_resize(coalesce(d.aper_flux_err, []), $n_aper)) AS flux_err
  FROM detection AS d
  JOIN zp_frame AS f ON f.frame_id = d.frame_id
  JOIN zp_match AS m ON m.object_id = d.object_id
  WHERE m.separation_arcsec <= f.reach_arcsec
  QUALIFY row_number() OVER (
    PARTITION BY d.frame_id, m.catalog, m.source_id ORDER BY m.separation_arcsec, d.object_id
  ) = 1
)
SELECT
  p.frame_id, p.catalog, p.source_id, r.band, r.band = p.frame_band AS is_native, r.mag_system, r.mag, r.mag_err,
  r.is_good AND p.flags & $bad_flags = 0 AND coalesce(c.neighbour_arcsec > p.aperture_arcsec, true) AS is_usable,
  coalesce(p.part, 0)::INTEGER AS part, p.flux, p.flux_err
FROM nearest AS p
JOIN zp_ref AS r ON r.catalog = p.catalog AND r.source_id = p.source_id AND r.band IN (p.frame_band, p.tie)
LEFT JOIN zp_crowd AS c ON c.catalog = r.catalog AND c.source_id = r.source_id AND c.band = r.band;
