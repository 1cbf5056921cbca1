-- Light curves of many places in one pass, with every column: by target, oldest point first.
--
-- A frame gives a place one point: the detection, where it has a flux in the aperture asked for, else a forced one; of
-- forced ones that of the target itself before that of its object. Points of an ellipse are forced in every frame.
-- Detections are materialised before they are joined to frames and zero points: 8 times as quick.
--
-- $asked             VARCHAR   JSON: [{"place": 1, "target": "AG Peg", "object_id": 123, "target_id": 4, "ra": 41.5, "dec": -30.2,
--                              "is_ellipse": false}, ...]; is_ellipse: in the ellipse of the target alone
-- $aperture_id       INTEGER   0 = the primary aperture of each frame, -1 = auto, -2 = PSF, -3 = the ellipse of the target, else
--                              the position in aper_flux
-- $kind              VARCHAR   all; detected; forced: also where the frame has a detection
-- $sigma             DOUBLE    a forced point is a limit below so many times its noise
-- $band              VARCHAR   NULL: every band
-- $from_mjd          DOUBLE    NULL: from the first
-- $to_mjd            DOUBLE    NULL: to the last
-- $without           INTEGER   points with any of these flags are left out; 0: none is
-- $colour_corrected  BOOLEAN   magnitudes and mJy of each object's own colour, NULL where that is unknown
WITH asked AS MATERIALIZED (
  SELECT * REPLACE (coalesce(is_ellipse, false) AS is_ellipse)
  FROM (
    SELECT unnest(
      from_json(
        $asked::VARCHAR,
        '[{"place": "INTEGER", "target": "VARCHAR", "object_id": "BIGINT", "target_id": "INTEGER", "ra": "DOUBLE", "dec": "DOUBLE",
        "is_ellipse": "BOOLEAN"}]'
      ),
      recursive := true
    )
  )
),
wanted AS MATERIALIZED (
  SELECT object_id, ux, uy, uz
  FROM object
  WHERE object_id IN (SELECT object_id FROM asked)
),
measured AS MATERIALIZED (
  SELECT
    object_id,
    frame_id,
    CASE $aperture_id::INTEGER
      WHEN 0 THEN flux
      WHEN -1 THEN flux_auto
      WHEN -2 THEN flux_psf
      WHEN -3 THEN NULL
      ELSE aper_flux[$aperture_id::INTEGER]
    END AS flux,
    CASE $aperture_id::INTEGER
      WHEN 0 THEN flux_err
      WHEN -1 THEN flux_auto_err
      WHEN -2 THEN flux_psf_err
      WHEN -3 THEN NULL
      ELSE aper_flux_err[$aperture_id::INTEGER]
    END AS flux_err,
    flags,
    sky,
    x,
    y
  FROM detection
  WHERE object_id IN (SELECT object_id FROM wanted)
    AND flags & $without::INTEGER = 0
    AND $kind::VARCHAR <> 'forced'
    AND $aperture_id::INTEGER <> -3
),
-- Forced points by target and by object: two joins, each of which reads only its part of the table.
given AS (
  SELECT a.place, a.is_ellipse, f.*
  FROM forced AS f
  JOIN asked AS a ON a.target_id = f.target_id
  UNION ALL
  SELECT a.place, a.is_ellipse, f.*
  FROM forced AS f
  JOIN asked AS a ON a.object_id = f.object_id
  WHERE f.target_id IS NULL OR f.target_id IS DISTINCT FROM a.target_id
),
own AS MATERIALIZED (
  SELECT
    g.place, g.object_id, g.target_id, g.frame_id, g.aperture_id, g.method, g.flux, g.flux_err, g.noise, g.noise_empty, g.flags,
    g.sky, g.x, g.y, g.ra, g.dec
  FROM given AS g
  JOIN asked AS a ON a.place = g.place
  WHERE g.reason IS NULL
    AND g.flags & $without::INTEGER = 0
    AND g.aperture_id = CASE WHEN g.is_ellipse THEN -3 ELSE $aperture_id::INTEGER END
    -- the detection of the frame has a flux in the primary aperture; perhaps not in others, and never in the ellipse
    AND (NOT g.is_detected OR $kind::VARCHAR = 'forced' OR g.aperture_id <> 0)
    AND $kind::VARCHAR <> 'detected'
    -- an ellipse is that of its target
    AND (g.aperture_id <> -3 OR a.target_id IS NULL OR g.target_id = a.target_id)
  QUALIFY row_number() OVER (
    PARTITION BY g.place, g.frame_id
    ORDER BY coalesce(g.target_id = a.target_id, false) DESC, g.target_id, g.method DESC
  ) = 1
),
seen AS (
  SELECT a.place, m.*
  FROM measured AS m
  JOIN asked AS a ON a.object_id = m.object_id
  WHERE NOT a.is_ellipse
),
point AS (
  SELECT
    s.place, s.object_id, NULL::INTEGER AS target_id, s.frame_id, $aperture_id::INTEGER AS aperture_id, 'detected' AS kind,
    NULL::VARCHAR AS method, s.flux, s.flux_err, NULL::FLOAT AS noise, NULL::FLOAT AS noise_empty, s.flags, s.sky, s.x, s.y,
    NULL::DOUBLE AS ra, NULL::DOUBLE AS dec
  FROM seen AS s
  LEFT JOIN own AS o ON o.place = s.place AND o.frame_id = s.frame_id
  WHERE s.flux IS NOT NULL OR o.place IS NULL
  UNION ALL
  SELECT
    o.place, o.object_id, o.target_id, o.frame_id, o.aperture_id, 'forced', o.method, o.flux, o.flux_err, coalesce(o.noise, 0),
    o.noise_empty, o.flags, o.sky, o.x, o.y, o.ra, o.dec
  FROM own AS o
  ANTI JOIN (SELECT place, frame_id FROM seen WHERE flux IS NOT NULL) AS s ON s.place = o.place AND s.frame_id = o.frame_id
),
tint AS MATERIALIZED (
  SELECT object_id, colour_index, catalog, colour, colour_source
  FROM object_colours(CASE WHEN $colour_corrected::BOOLEAN THEN (SELECT list(object_id) FROM wanted) ELSE [] END)
),
placed AS (
  SELECT
    d.*,
    f.band,
    f.mjd_mid,
    f.jd_tdb + (
      f.bary_x * coalesce(s.ux, cos(radians(d.dec)) * cos(radians(d.ra)))
      + f.bary_y * coalesce(s.uy, cos(radians(d.dec)) * sin(radians(d.ra)))
      + f.bary_z * coalesce(s.uz, sin(radians(d.dec)))
    ) AS bjd_tdb,
    CASE WHEN $colour_corrected::BOOLEAN THEN colour_shift(z, t.colour) ELSE 0 END AS shift,
    2.0 * d.x / (f.width - 1) - 1 AS u,
    2.0 * d.y / (f.height - 1) - 1 AS v,
    z.zp_map,
    z.mag_term,
    z.mag_pivot,
    coalesce(z.mag_system, 'instrumental') AS mag_system,
    z.ab_offset,
    z.limit_mag,
    z.limit_3_mag,
    z.zp,
    z.zp_err,
    z.zp_sys,
    z.cal_id,
    f.airmass,
    f.fwhm_arcsec,
    t.colour,
    CASE WHEN $colour_corrected::BOOLEAN AND z.colour_term IS NOT NULL THEN coalesce(t.colour_source, 'unknown') END
      AS colour_source
  FROM point AS d
  JOIN frame AS f ON f.frame_id = d.frame_id
  LEFT JOIN wanted AS s ON s.object_id = d.object_id
  LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = d.aperture_id
  LEFT JOIN tint AS t
    ON t.object_id = d.object_id AND t.colour_index = z.colour AND t.catalog IS NOT DISTINCT FROM z.catalog
  WHERE ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR)
    AND ($from_mjd::DOUBLE IS NULL OR f.mjd_mid >= $from_mjd::DOUBLE)
    AND ($to_mjd::DOUBLE IS NULL OR f.mjd_mid < $to_mjd::DOUBLE)
),
-- What is mentioned more than once is computed in a step of its own: planning is most of the time.
spotted AS (
  SELECT *, zp_spot(zp, zp_map, u, v) AS spot, -2.5 * log10(CASE WHEN noise > 0 THEN 5.0 * noise END) AS faint
  FROM placed
),
local AS (
  SELECT
    *,
    zp_bent(spot, zp, mag_term, mag_pivot, flux) + shift AS here,
    -- as zp_bent of the flux at the limit has it; of the pivot colour where the star's own is not known
    spot + faint + coalesce(mag_term * (zp + faint - mag_pivot), 0) + coalesce(shift, 0) AS own_limit
  FROM spotted
),
scaled AS (
  SELECT *, flux_to_mjy(1, here, mag_system, ab_offset) AS mjy
  FROM local
)
SELECT
  a.target,
  a.place,
  coalesce(s.object_id, a.object_id) AS object_id,
  s.frame_id,
  s.band,
  s.mjd_mid,
  s.bjd_tdb,
  flux_to_mag(s.flux, s.here) AS mag,
  mag_error(s.flux, s.flux_err) AS mag_err,
  s.mag_system,
  s.mjy * s.flux AS flux_mjy,
  s.mjy * s.flux_err AS flux_mjy_err,
  s.flux,
  s.flux_err,
  coalesce(s.own_limit, s.limit_mag) AS limit_mag,
  s.zp,
  s.zp_err,
  s.aperture_id,
  s.kind,
  s.flags,
  s.airmass,
  s.fwhm_arcsec,
  s.sky,
  s.x,
  s.y,
  s.cal_id,
  s.zp_sys,
  sqrt(mag_error(s.flux, s.flux_err) ** 2 + coalesce(s.zp_err, 0) ** 2 + coalesce(s.zp_sys, 0) ** 2) AS mag_err_total,
  coalesce(s.own_limit + 2.5 * log10(5.0 / 3) * (1 + coalesce(s.mag_term, 0)), s.limit_3_mag) AS limit_3_mag,
  s.target_id,
  s.method,
  s.noise,
  s.noise_empty,
  s.kind = 'forced' AND s.flux < $sigma::DOUBLE * s.noise AS is_limit,
  s.colour,
  s.colour_source
FROM scaled AS s
JOIN asked AS a ON a.place = s.place
ORDER BY a.place, s.mjd_mid, s.band, s.frame_id;
