-- The frames of an export, with the content of their files, and the zero points in use of their primary apertures.
SELECT
  f.*, l.sha256, z.cal_id, z.zp, z.zp_err, z.zp_sys, z.zp_scatter, z.n_star, z.catalog, z.ref_band, z.colour, z.colour_pivot,
  z.colour_term, z.mag_system, z.ab_offset, z.limit_mag
FROM export_frame AS e
JOIN frame AS f ON f.frame_id = e.frame_id
LEFT JOIN file AS l ON l.file_id = f.file_id
LEFT JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = 0
ORDER BY f.frame_id;
