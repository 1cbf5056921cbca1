-- A store as photdb made it at schema version 1 (commit c7ef458): its tables, macros and views, written down.
-- What this file is: the version of its schema and of the photdb that made it.
CREATE TABLE meta (
  key VARCHAR NOT NULL,
  value VARCHAR NOT NULL
);
COMMENT ON TABLE meta IS 'what this file is, one fact a row';
COMMENT ON COLUMN meta.key IS 'schema_version, created_by, created_at';
COMMENT ON COLUMN meta.value IS 'its value as text';
-- One command that wrote to the store.
CREATE TABLE run (
  run_id INTEGER NOT NULL,
  command VARCHAR NOT NULL,
  parameters VARCHAR NOT NULL,
  version VARCHAR NOT NULL,
  started TIMESTAMP NOT NULL,
  finished TIMESTAMP,
  state VARCHAR NOT NULL,
  message VARCHAR
);
COMMENT ON TABLE run IS 'one command that wrote to the store';
COMMENT ON COLUMN run.run_id IS 'counted from 1';
COMMENT ON COLUMN run.command IS 'the command: ingest, refcat add, zeropoint ...';
COMMENT ON COLUMN run.parameters IS 'its parameters as JSON';
COMMENT ON COLUMN run.version IS 'photdb, duckdb, sep and astropy versions';
COMMENT ON COLUMN run.started IS 'UTC';
COMMENT ON COLUMN run.finished IS 'UTC; NULL while it runs, or when it was killed';
COMMENT ON COLUMN run.state IS 'running, done, failed or interrupted';
COMMENT ON COLUMN run.message IS 'what it did, in one line, or why it failed';
-- One file seen.
CREATE TABLE file (
  file_id INTEGER NOT NULL,
  path VARCHAR NOT NULL,
  sha256 VARCHAR,
  size BIGINT,
  mtime_ns BIGINT,
  duplicate_of INTEGER
);
COMMENT ON TABLE file IS 'one file seen; unchanged path, size and mtime: not hashed again';
COMMENT ON COLUMN file.file_id IS 'counted from 1';
COMMENT ON COLUMN file.path IS 'absolute path when last seen (photdb frames --relocate moves it)';
COMMENT ON COLUMN file.sha256 IS 'of its content; NULL when it could not be read';
COMMENT ON COLUMN file.size IS 'bytes';
COMMENT ON COLUMN file.mtime_ns IS 'time of last change, ns since 1970 UTC';
COMMENT ON COLUMN file.duplicate_of IS 'file_id of the file with the same content that was seen first';
-- One master frame: combined calibration frames, or the fixed pattern of a detector.
CREATE TABLE master (
  master_id INTEGER NOT NULL,
  kind VARCHAR NOT NULL,
  detector VARCHAR NOT NULL,
  binning VARCHAR NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  exptime_s DOUBLE,
  filter VARCHAR,
  night DATE,
  path VARCHAR NOT NULL,
  sha256 VARCHAR NOT NULL,
  n_inputs INTEGER NOT NULL,
  made_of VARCHAR NOT NULL,
  settings VARCHAR NOT NULL,
  run_id INTEGER NOT NULL
);
COMMENT ON TABLE master IS 'one master frame kept beside the store';
COMMENT ON COLUMN master.master_id IS 'counted from 1';
COMMENT ON COLUMN master.kind IS 'bias, dark, flat or pattern';
COMMENT ON COLUMN master.detector IS 'telescope, camera and chip it belongs to';
COMMENT ON COLUMN master.binning IS 'as 1x1';
COMMENT ON COLUMN master.width IS 'px, after trimming';
COMMENT ON COLUMN master.height IS 'px, after trimming';
COMMENT ON COLUMN master.exptime_s IS 's; of darks and patterns';
COMMENT ON COLUMN master.filter IS 'header word of the filter; of flats';
COMMENT ON COLUMN master.night IS 'date of the evening at the site';
COMMENT ON COLUMN master.path IS 'file name inside <store>.files/masters';
COMMENT ON COLUMN master.sha256 IS 'of its content';
COMMENT ON COLUMN master.n_inputs IS 'frames combined';
COMMENT ON COLUMN master.made_of IS 'digest of the frames that were offered for it: it is not made twice';
COMMENT ON COLUMN master.settings IS 'how it was combined, as JSON';
COMMENT ON COLUMN master.run_id IS 'the run that made it';
-- One file that went into a master frame.
CREATE TABLE master_input (
  master_id INTEGER NOT NULL,
  file_id INTEGER NOT NULL,
  hdu INTEGER NOT NULL
);
COMMENT ON TABLE master_input IS 'one file that went into a master frame';
COMMENT ON COLUMN master_input.master_id IS 'the master';
COMMENT ON COLUMN master_input.file_id IS 'the file';
COMMENT ON COLUMN master_input.hdu IS 'its image extension';
-- One science image (file and HDU), or one file that could not be used.
CREATE TABLE frame (
  frame_id INTEGER NOT NULL,
  file_id INTEGER NOT NULL,
  hdu INTEGER NOT NULL,
  path VARCHAR NOT NULL,
  night DATE,
  telescope VARCHAR,
  detector VARCHAR,
  site VARCHAR,
  site_latitude DOUBLE,
  site_longitude DOUBLE,
  site_height DOUBLE,
  object_name VARCHAR,
  filter VARCHAR,
  band VARCHAR,
  calibrate_as VARCHAR,
  mjd_mid DOUBLE,
  jd_tdb DOUBLE,
  bary_x DOUBLE,
  bary_y DOUBLE,
  bary_z DOUBLE,
  exptime_s DOUBLE,
  airmass DOUBLE,
  ra DOUBLE,
  dec DOUBLE,
  corner_ra DOUBLE[],
  corner_dec DOUBLE[],
  wcs VARCHAR,
  wcs_kind VARCHAR,
  wcs_rms_arcsec DOUBLE,
  wcs_n_star INTEGER,
  pixel_scale_arcsec DOUBLE,
  width INTEGER,
  height INTEGER,
  x0 INTEGER,
  y0 INTEGER,
  binning VARCHAR,
  gain DOUBLE,
  read_noise DOUBLE,
  saturation DOUBLE,
  fwhm_arcsec DOUBLE,
  fwhm_px DOUBLE,
  ellipticity DOUBLE,
  sky DOUBLE,
  sky_rms DOUBLE,
  threshold_sigma DOUBLE,
  n_detections INTEGER,
  match_radius_arcsec DOUBLE,
  primary_aperture_id INTEGER,
  primary_radius_px DOUBLE,
  primary_noise DOUBLE,
  aper_radius_px FLOAT[],
  aper_noise FLOAT[],
  bias_id INTEGER,
  dark_id INTEGER,
  flat_id INTEGER,
  pattern_id INTEGER,
  guesses VARCHAR[],
  warnings VARCHAR[],
  settings VARCHAR,
  run_id INTEGER NOT NULL,
  state VARCHAR NOT NULL,
  reason VARCHAR,
  UNIQUE (file_id, hdu)
);
COMMENT ON TABLE frame IS 'one science image (file and HDU), or one file that could not be used';
COMMENT ON COLUMN frame.frame_id IS 'counted from 1; kept for ever, also when the frame is measured again';
COMMENT ON COLUMN frame.file_id IS 'the file; (file_id, hdu) is unique';
COMMENT ON COLUMN frame.hdu IS 'image extension, 0 = primary';
COMMENT ON COLUMN frame.path IS 'absolute path when last seen';
COMMENT ON COLUMN frame.night IS 'date of the evening at the site';
COMMENT ON COLUMN frame.telescope IS 'name of the telescope file that explained the header';
COMMENT ON COLUMN frame.detector IS 'telescope, camera and chip';
COMMENT ON COLUMN frame.site IS 'name of the observatory';
COMMENT ON COLUMN frame.site_latitude IS 'deg; geodetic';
COMMENT ON COLUMN frame.site_longitude IS 'deg; east';
COMMENT ON COLUMN frame.site_height IS 'm; above the ellipsoid';
COMMENT ON COLUMN frame.object_name IS 'the header''s OBJECT';
COMMENT ON COLUMN frame.filter IS 'the header''s word for the filter';
COMMENT ON COLUMN frame.band IS 'our name of the passband';
COMMENT ON COLUMN frame.calibrate_as IS 'catalogue band this unfiltered band is tied to; NULL: none';
COMMENT ON COLUMN frame.mjd_mid IS 'd; MJD (UTC) of mid-exposure';
COMMENT ON COLUMN frame.jd_tdb IS 'd; JD (TDB) of mid-exposure at the observatory';
COMMENT ON COLUMN frame.bary_x IS 'light-days; observatory from the barycentre, ICRS x';
COMMENT ON COLUMN frame.bary_y IS 'light-days; observatory from the barycentre, ICRS y';
COMMENT ON COLUMN frame.bary_z IS 'light-days; observatory from the barycentre, ICRS z';
COMMENT ON COLUMN frame.exptime_s IS 's; exposure time';
COMMENT ON COLUMN frame.airmass IS 'at mid-exposure, at the centre of the frame';
COMMENT ON COLUMN frame.ra IS 'deg; ICRS, of the centre';
COMMENT ON COLUMN frame.dec IS 'deg; ICRS, of the centre';
COMMENT ON COLUMN frame.corner_ra IS 'deg; ICRS, of the outline, in order';
COMMENT ON COLUMN frame.corner_dec IS 'deg; ICRS, of the outline, in order';
COMMENT ON COLUMN frame.wcs IS 'FITS header cards of the solution, for the trimmed frame';
COMMENT ON COLUMN frame.wcs_kind IS 'header (kept, not verified), refined, solved, rough, or NULL (none)';
COMMENT ON COLUMN frame.wcs_rms_arcsec IS 'arcsec; rms of the matched stars about the solution, on one axis';
COMMENT ON COLUMN frame.wcs_n_star IS 'stars matched';
COMMENT ON COLUMN frame.pixel_scale_arcsec IS 'arcsec/px at the centre';
COMMENT ON COLUMN frame.width IS 'px, after trimming';
COMMENT ON COLUMN frame.height IS 'px, after trimming';
COMMENT ON COLUMN frame.x0 IS 'px; columns trimmed at the left: x of the file = x + x0';
COMMENT ON COLUMN frame.y0 IS 'px; rows trimmed at the bottom';
COMMENT ON COLUMN frame.binning IS 'as 1x1';
COMMENT ON COLUMN frame.gain IS 'e-/ADU';
COMMENT ON COLUMN frame.read_noise IS 'e-';
COMMENT ON COLUMN frame.saturation IS 'ADU of the raw frame';
COMMENT ON COLUMN frame.fwhm_arcsec IS 'arcsec; robust, from stars';
COMMENT ON COLUMN frame.fwhm_px IS 'px; robust, from stars';
COMMENT ON COLUMN frame.ellipticity IS '1 - b/a; robust, from stars';
COMMENT ON COLUMN frame.sky IS 'ADU/px; median of the background';
COMMENT ON COLUMN frame.sky_rms IS 'ADU/px; median of the noise map';
COMMENT ON COLUMN frame.threshold_sigma IS 'sigma of the noise map; detection threshold that was applied';
COMMENT ON COLUMN frame.n_detections IS 'sources measured';
COMMENT ON COLUMN frame.match_radius_arcsec IS 'arcsec; greatest distance at which a detection joins an object';
COMMENT ON COLUMN frame.primary_aperture_id IS 'aperture that flux was measured in; 0: a size of its own (primary_radius_px)';
COMMENT ON COLUMN frame.primary_radius_px IS 'px; radius of the primary aperture';
COMMENT ON COLUMN frame.primary_noise IS 'ADU/s; 1 sigma of the primary aperture with no source in it';
COMMENT ON COLUMN frame.aper_radius_px IS 'px; radius of aperture i in this frame; NULL: not measured';
COMMENT ON COLUMN frame.aper_noise IS 'ADU/s; 1 sigma of aperture i with no source in it';
COMMENT ON COLUMN frame.bias_id IS 'master bias subtracted';
COMMENT ON COLUMN frame.dark_id IS 'master dark subtracted';
COMMENT ON COLUMN frame.flat_id IS 'master flat divided by';
COMMENT ON COLUMN frame.pattern_id IS 'fixed pattern subtracted';
COMMENT ON COLUMN frame.guesses IS 'what the header did not say and was assumed';
COMMENT ON COLUMN frame.warnings IS 'what makes this frame less good than it could be';
COMMENT ON COLUMN frame.settings IS 'settings of the measurement, as JSON';
COMMENT ON COLUMN frame.run_id IS 'the run that measured it';
COMMENT ON COLUMN frame.state IS 'ok, failed or rejected';
COMMENT ON COLUMN frame.reason IS 'why it is not ok, or what is missing in it';
-- One HEALPix cell that a frame touches.
CREATE TABLE frame_cover (
  norder TINYINT NOT NULL,
  cell BIGINT NOT NULL,
  frame_id INTEGER NOT NULL
);
COMMENT ON TABLE frame_cover IS 'one HEALPix cell that a frame touches; find frames by equality on the cell, then by the exact outline';
COMMENT ON COLUMN frame_cover.norder IS 'HEALPix order: 10, or 7 for frames wider than 3 deg';
COMMENT ON COLUMN frame_cover.cell IS 'NESTED cell of that order';
COMMENT ON COLUMN frame_cover.frame_id IS 'the frame';
-- What aper_flux[i] means; append-only, for ever.
CREATE TABLE aperture (
  aperture_id INTEGER NOT NULL,
  kind VARCHAR NOT NULL,
  diameter DOUBLE
);
COMMENT ON TABLE aperture IS 'what aper_flux[i] means; rows are only ever added';
COMMENT ON COLUMN aperture.aperture_id IS 'position in aper_flux, from 1; 0 = the primary aperture of the frame, -1 = auto (Kron), -2 = PSF';
COMMENT ON COLUMN aperture.kind IS 'arcsec, fwhm (of the frame), primary, auto or psf';
COMMENT ON COLUMN aperture.diameter IS 'arcsec or FWHM, by kind';
-- One star: what detections of the same source are associated to.
CREATE TABLE object (
  object_id BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  hpx BIGINT NOT NULL,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  ux DOUBLE NOT NULL,
  uy DOUBLE NOT NULL,
  uz DOUBLE NOT NULL,
  epoch DOUBLE NOT NULL,
  pm_ra DOUBLE,
  pm_dec DOUBLE,
  ref_catalog VARCHAR,
  ref_source_id BIGINT,
  n_detections INTEGER NOT NULL,
  run_id INTEGER NOT NULL
);
COMMENT ON TABLE object IS 'one star; sorted by object_id, which is sorting by sky';
COMMENT ON COLUMN object.object_id IS 'a name after birth (born as an order-29 NESTED cell): never decode a position from it';
COMMENT ON COLUMN object.name IS 'Jhhmmss.ss+ddmmss.s of the position at birth';
COMMENT ON COLUMN object.hpx IS 'order-29 NESTED cell of the present position';
COMMENT ON COLUMN object.ra IS 'deg; ICRS, mean of the detections, at epoch';
COMMENT ON COLUMN object.dec IS 'deg; ICRS, mean of the detections, at epoch';
COMMENT ON COLUMN object.ux IS 'unit vector of (ra, dec), x';
COMMENT ON COLUMN object.uy IS 'unit vector of (ra, dec), y';
COMMENT ON COLUMN object.uz IS 'unit vector of (ra, dec), z';
COMMENT ON COLUMN object.epoch IS 'Julian year of (ra, dec)';
COMMENT ON COLUMN object.pm_ra IS 'mas/yr; proper motion with cos(dec), of the reference star';
COMMENT ON COLUMN object.pm_dec IS 'mas/yr; proper motion, of the reference star';
COMMENT ON COLUMN object.ref_catalog IS 'catalogue of the matched reference star';
COMMENT ON COLUMN object.ref_source_id IS 'its source_id';
COMMENT ON COLUMN object.n_detections IS 'detections of it';
COMMENT ON COLUMN object.run_id IS 'the run that made it';
-- One source in one frame, one sorted run per night.
CREATE TABLE detection_hot (
  skey BIGINT NOT NULL,
  object_id BIGINT,
  frame_id INTEGER NOT NULL,
  ra DOUBLE,
  dec DOUBLE,
  x FLOAT NOT NULL,
  y FLOAT NOT NULL,
  flux FLOAT,
  flux_err FLOAT,
  flux_auto FLOAT,
  flux_auto_err FLOAT,
  aper_flux FLOAT[],
  aper_flux_err FLOAT[],
  sky FLOAT,
  peak FLOAT,
  a FLOAT,
  b FLOAT,
  theta FLOAT,
  fwhm FLOAT,
  kron_radius FLOAT,
  flux_radius FLOAT,
  class_star FLOAT,
  flags INTEGER NOT NULL
);
COMMENT ON TABLE detection_hot IS 'one source in one frame; each night is one run sorted by skey';
COMMENT ON COLUMN detection_hot.skey IS 'sort key: object_id, or the order-29 cell where there is no object';
COMMENT ON COLUMN detection_hot.object_id IS 'the object; NULL: none (a frame without WCS)';
COMMENT ON COLUMN detection_hot.frame_id IS 'the frame';
COMMENT ON COLUMN detection_hot.ra IS 'deg; ICRS, as measured';
COMMENT ON COLUMN detection_hot.dec IS 'deg; ICRS, as measured';
COMMENT ON COLUMN detection_hot.x IS 'px; 0-based, pixel centre at an integer, trimmed frame';
COMMENT ON COLUMN detection_hot.y IS 'px; 0-based, pixel centre at an integer, trimmed frame';
COMMENT ON COLUMN detection_hot.flux IS 'ADU/s; primary aperture, background subtracted; negative stays negative';
COMMENT ON COLUMN detection_hot.flux_err IS 'ADU/s; 1 sigma of the measurement alone';
COMMENT ON COLUMN detection_hot.flux_auto IS 'ADU/s; Kron aperture';
COMMENT ON COLUMN detection_hot.flux_auto_err IS 'ADU/s; 1 sigma';
COMMENT ON COLUMN detection_hot.aper_flux IS 'ADU/s; aperture i of table aperture; NULL: not measured';
COMMENT ON COLUMN detection_hot.aper_flux_err IS 'ADU/s; 1 sigma';
COMMENT ON COLUMN detection_hot.sky IS 'ADU/px; local background, subtracted';
COMMENT ON COLUMN detection_hot.peak IS 'ADU; brightest pixel above the background';
COMMENT ON COLUMN detection_hot.a IS 'px; rms along the major axis';
COMMENT ON COLUMN detection_hot.b IS 'px; rms along the minor axis';
COMMENT ON COLUMN detection_hot.theta IS 'rad; major axis, counter-clockwise from +x';
COMMENT ON COLUMN detection_hot.fwhm IS 'px; full width at half maximum';
COMMENT ON COLUMN detection_hot.kron_radius IS 'Kron radius in units of a and b';
COMMENT ON COLUMN detection_hot.flux_radius IS 'px; radius that holds half of the auto flux';
COMMENT ON COLUMN detection_hot.class_star IS '0 extended ... 1 like the stars of the frame';
COMMENT ON COLUMN detection_hot.flags IS 'bits of the flag table (docs/reference/flags.md)';
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
-- One reference star.
CREATE TABLE refstar (
  catalog VARCHAR NOT NULL,
  source_id BIGINT NOT NULL,
  hpx BIGINT NOT NULL,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  epoch DOUBLE NOT NULL,
  pm_ra DOUBLE,
  pm_dec DOUBLE,
  is_good BOOLEAN NOT NULL
);
COMMENT ON TABLE refstar IS 'one reference star, as its catalogue has it';
COMMENT ON COLUMN refstar.catalog IS 'tycho2, gaiaxp ...';
COMMENT ON COLUMN refstar.source_id IS 'the catalogue''s own number; where it has none, the order-29 cell';
COMMENT ON COLUMN refstar.hpx IS 'order-29 NESTED cell of (ra, dec)';
COMMENT ON COLUMN refstar.ra IS 'deg; ICRS at epoch';
COMMENT ON COLUMN refstar.dec IS 'deg; ICRS at epoch';
COMMENT ON COLUMN refstar.epoch IS 'Julian year of the position';
COMMENT ON COLUMN refstar.pm_ra IS 'mas/yr; with cos(dec); NULL: unknown';
COMMENT ON COLUMN refstar.pm_dec IS 'mas/yr; NULL: unknown';
COMMENT ON COLUMN refstar.is_good IS 'passes the quality cut of its catalogue file';
-- One reference star's magnitude in one band.
CREATE TABLE refmag (
  catalog VARCHAR NOT NULL,
  source_id BIGINT NOT NULL,
  band VARCHAR NOT NULL,
  mag DOUBLE NOT NULL,
  mag_err DOUBLE,
  mag_system VARCHAR NOT NULL,
  is_good BOOLEAN NOT NULL
);
COMMENT ON TABLE refmag IS 'one reference star''s magnitude in one band';
COMMENT ON COLUMN refmag.catalog IS 'tycho2, gaiaxp ...';
COMMENT ON COLUMN refmag.source_id IS 'the star';
COMMENT ON COLUMN refmag.band IS 'our name of the passband';
COMMENT ON COLUMN refmag.mag IS 'mag in mag_system';
COMMENT ON COLUMN refmag.mag_err IS 'mag; 1 sigma; NULL: the catalogue gives none';
COMMENT ON COLUMN refmag.mag_system IS 'AB or Vega';
COMMENT ON COLUMN refmag.is_good IS 'passes the quality cut of its band';
-- One calibration run.
CREATE TABLE calibration (
  cal_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  method VARCHAR NOT NULL,
  settings VARCHAR NOT NULL,
  created TIMESTAMP NOT NULL
);
COMMENT ON TABLE calibration IS 'one calibration run: a version of the zero points';
COMMENT ON COLUMN calibration.cal_id IS 'counted from 1';
COMMENT ON COLUMN calibration.run_id IS 'the run';
COMMENT ON COLUMN calibration.method IS 'median ...';
COMMENT ON COLUMN calibration.settings IS 'as JSON';
COMMENT ON COLUMN calibration.created IS 'UTC';
-- The zero point of one frame and aperture in one calibration.
CREATE TABLE zeropoint (
  cal_id INTEGER NOT NULL,
  frame_id INTEGER NOT NULL,
  aperture_id INTEGER NOT NULL,
  zp DOUBLE,
  zp_err DOUBLE,
  zp_sys DOUBLE,
  zp_scatter DOUBLE,
  n_star INTEGER NOT NULL,
  n_candidate INTEGER NOT NULL,
  catalog VARCHAR,
  ref_band VARCHAR,
  colour VARCHAR,
  colour_pivot DOUBLE,
  colour_term DOUBLE,
  chi2 DOUBLE,
  limit_mag DOUBLE,
  mag_system VARCHAR NOT NULL,
  ab_offset DOUBLE,
  flag INTEGER NOT NULL,
  reason VARCHAR
);
COMMENT ON TABLE zeropoint IS 'the zero point of one frame and aperture in one calibration';
COMMENT ON COLUMN zeropoint.cal_id IS 'the calibration';
COMMENT ON COLUMN zeropoint.frame_id IS 'the frame';
COMMENT ON COLUMN zeropoint.aperture_id IS '0 = the primary aperture of the frame, -1 = auto, else the aperture';
COMMENT ON COLUMN zeropoint.zp IS 'mag of 1 ADU/s: m_ref - m_inst = zp + colour_term (colour - colour_pivot)';
COMMENT ON COLUMN zeropoint.zp_err IS 'mag; random error of this zero point';
COMMENT ON COLUMN zeropoint.zp_sys IS 'mag; error of the tie to the catalogue, common to all frames';
COMMENT ON COLUMN zeropoint.zp_scatter IS 'mag; robust scatter of the stars about it';
COMMENT ON COLUMN zeropoint.n_star IS 'stars used';
COMMENT ON COLUMN zeropoint.n_candidate IS 'stars matched before selection';
COMMENT ON COLUMN zeropoint.catalog IS 'catalogue of the reference stars; NULL: none (relative)';
COMMENT ON COLUMN zeropoint.ref_band IS 'band of the reference magnitudes';
COMMENT ON COLUMN zeropoint.colour IS 'colour index of the colour term, as g-i; NULL: no term';
COMMENT ON COLUMN zeropoint.colour_pivot IS 'mag; fixed per calibration and band';
COMMENT ON COLUMN zeropoint.colour_term IS 'mag per mag';
COMMENT ON COLUMN zeropoint.chi2 IS 'per degree of freedom';
COMMENT ON COLUMN zeropoint.limit_mag IS 'mag; 5 sigma of this aperture with no source in it';
COMMENT ON COLUMN zeropoint.mag_system IS 'AB, Vega, tied (unfiltered, tied to ref_band), relative or instrumental';
COMMENT ON COLUMN zeropoint.ab_offset IS 'mag; m_AB - m of this band; NULL: unknown';
COMMENT ON COLUMN zeropoint.flag IS '0 good; 1 few stars; 2 far from the other frames of the night; 4 none could be made';
COMMENT ON COLUMN zeropoint.reason IS 'why flag is not 0';
-- Which calibration a frame uses now.
CREATE TABLE frame_calibration (
  frame_id INTEGER NOT NULL,
  cal_id INTEGER NOT NULL
);
COMMENT ON TABLE frame_calibration IS 'which calibration a frame uses now; one row a frame';
COMMENT ON COLUMN frame_calibration.frame_id IS 'the frame';
COMMENT ON COLUMN frame_calibration.cal_id IS 'the calibration';
-- The history of frame_calibration.
CREATE TABLE activation (
  cal_id INTEGER NOT NULL,
  run_id INTEGER NOT NULL,
  activated TIMESTAMP NOT NULL,
  n_frame INTEGER NOT NULL
);
COMMENT ON TABLE activation IS 'when frames were pointed at a calibration';
COMMENT ON COLUMN activation.cal_id IS 'the calibration';
COMMENT ON COLUMN activation.run_id IS 'the run that pointed them there';
COMMENT ON COLUMN activation.activated IS 'UTC';
COMMENT ON COLUMN activation.n_frame IS 'frames pointed';
-- A position somebody asked for.
CREATE TABLE target (
  target_id INTEGER NOT NULL,
  name VARCHAR NOT NULL,
  ra DOUBLE NOT NULL,
  dec DOUBLE NOT NULL,
  epoch DOUBLE NOT NULL,
  pm_ra DOUBLE,
  pm_dec DOUBLE,
  added TIMESTAMP NOT NULL
);
COMMENT ON TABLE target IS 'a position somebody asked for';
COMMENT ON COLUMN target.target_id IS 'counted from 1';
COMMENT ON COLUMN target.name IS 'as given; found whatever its case and blanks';
COMMENT ON COLUMN target.ra IS 'deg; ICRS at epoch';
COMMENT ON COLUMN target.dec IS 'deg; ICRS at epoch';
COMMENT ON COLUMN target.epoch IS 'Julian year';
COMMENT ON COLUMN target.pm_ra IS 'mas/yr; with cos(dec)';
COMMENT ON COLUMN target.pm_dec IS 'mas/yr';
COMMENT ON COLUMN target.added IS 'UTC';
-- Objects within a radius (arcsec) of a position (degrees), nearest first.
CREATE OR REPLACE MACRO cone(centre_ra, centre_dec, radius_arcsec) AS TABLE
WITH centre AS (
  SELECT
    cos(radians(centre_dec)) * cos(radians(centre_ra)) AS cx,
    cos(radians(centre_dec)) * sin(radians(centre_ra)) AS cy,
    sin(radians(centre_dec)) AS cz,
    2 * sin(radians(least(radius_arcsec, 648000) / 3600.0) / 2) AS c
)
SELECT
  o.object_id,
  o.name,
  o.ra,
  o.dec,
  o.n_detections,
  degrees(2 * asin(least(1, sqrt((o.ux - cx) ** 2 + (o.uy - cy) ** 2 + (o.uz - cz) ** 2) / 2))) * 3600 AS separation_arcsec
FROM object AS o, centre
WHERE o.ux BETWEEN cx - c AND cx + c
  AND o.uy BETWEEN cy - c AND cy + c
  AND o.uz BETWEEN cz - c AND cz + c
  AND (o.ux - cx) ** 2 + (o.uy - cy) ** 2 + (o.uz - cz) ** 2 <= c * c
ORDER BY separation_arcsec, o.object_id;
-- A number as an integer (in units of 2^-51), whose sums do not depend on the order of the rows.
CREATE OR REPLACE MACRO exact(value) AS
  (value * 2251799813685248)::BIGINT;
-- Magnitude of a flux in ADU/s; NULL where the flux is not positive.
CREATE OR REPLACE MACRO flux_to_mag(flux, zp) AS
  CASE WHEN flux > 0 THEN zp - 2.5 * log10(flux::DOUBLE) END;
-- Flux in mJy of a flux in ADU/s; NULL unless the zero point is AB, or Vega with a known offset to AB.
CREATE OR REPLACE MACRO flux_to_mjy(flux, zp, mag_system, ab_offset) AS
  CASE
    WHEN mag_system = 'AB' THEN 3631e3 * 10 ** (-0.4 * zp) * flux::DOUBLE
    WHEN mag_system = 'Vega' THEN 3631e3 * 10 ** (-0.4 * (zp + ab_offset)) * flux::DOUBLE
  END;
-- The number that a sum of exact() stands for.
CREATE OR REPLACE MACRO inexact(total) AS
  total::DOUBLE / 2251799813685248;
-- Magnitude error of a flux, 2.5 / ln 10 times the relative error; NULL where the flux is not positive.
CREATE OR REPLACE MACRO mag_error(flux, flux_err) AS
  CASE WHEN flux > 0 THEN 1.0857362047581296 * flux_err::DOUBLE / flux::DOUBLE END;
-- Angle between two positions in degrees, in arcsec; exact at any distance and at the poles.
CREATE OR REPLACE MACRO separation_arcsec(ra1, dec1, ra2, dec2) AS
  degrees(2 * asin(least(1, sqrt(
    sin(radians(dec2 - dec1) / 2) ** 2
    + cos(radians(dec1)) * cos(radians(dec2)) * sin(radians(ra2 - ra1) / 2) ** 2
  )))) * 3600;
-- Every source in every frame.
CREATE OR REPLACE VIEW detection AS
SELECT skey, object_id, frame_id, ra, dec, x, y, flux, flux_err, flux_auto, flux_auto_err, aper_flux, aper_flux_err,
  sky, peak, a, b, theta, fwhm, kron_radius, flux_radius, class_star, flags
FROM detection_hot;
COMMENT ON VIEW detection IS 'every source in every frame';
-- The zero points in use.
CREATE OR REPLACE VIEW zeropoint_active AS
SELECT z.*
FROM frame_calibration AS c
JOIN zeropoint AS z ON z.frame_id = c.frame_id AND z.cal_id = c.cal_id;
COMMENT ON VIEW zeropoint_active IS 'the zero points in use, one row a frame and aperture';
-- One point of a light curve: a detection, calibrated with the active zero points.
CREATE OR REPLACE VIEW lightcurve AS
SELECT
  d.object_id,
  d.frame_id,
  f.band,
  f.mjd_mid,
  f.jd_tdb + (f.bary_x * o.ux + f.bary_y * o.uy + f.bary_z * o.uz) AS bjd_tdb,
  flux_to_mag(d.flux, z.zp) AS mag,
  mag_error(d.flux, d.flux_err) AS mag_err,
  coalesce(z.mag_system, 'instrumental') AS mag_system,
  flux_to_mjy(d.flux, z.zp, z.mag_system, z.ab_offset) AS flux_mjy,
  flux_to_mjy(d.flux_err, z.zp, z.mag_system, z.ab_offset) AS flux_mjy_err,
  d.flux,
  d.flux_err,
  z.limit_mag,
  z.zp,
  z.zp_err,
  0 AS aperture_id,
  'detected' AS kind,
  d.flags,
  f.airmass,
  f.fwhm_arcsec,
  d.sky,
  d.x,
  d.y,
  z.cal_id,
  NULL::INTEGER AS target_id,
  z.zp_sys,
  sqrt(mag_error(d.flux, d.flux_err) ** 2 + coalesce(z.zp_err, 0) ** 2 + coalesce(z.zp_sys, 0) ** 2) AS mag_err_total
FROM detection AS d
JOIN frame AS f ON f.frame_id = d.frame_id
JOIN object AS o ON o.object_id = d.object_id
LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0;
COMMENT ON VIEW lightcurve IS 'one point of a light curve: a detection, calibrated with the active zero points; negative flux has no magnitude';
COMMENT ON COLUMN lightcurve.bjd_tdb IS 'd; BJD_TDB of mid-exposure at the position of the object; NULL without a position';
COMMENT ON COLUMN lightcurve.mag IS 'mag, in mag_system; NULL where flux <= 0';
COMMENT ON COLUMN lightcurve.mag_err IS 'mag; 1 sigma of this measurement alone, never the zero point';
COMMENT ON COLUMN lightcurve.flux_mjy IS 'mJy; NULL unless mag_system is AB or Vega';
COMMENT ON COLUMN lightcurve.flux_mjy_err IS 'mJy; 1 sigma of this measurement alone';
COMMENT ON COLUMN lightcurve.kind IS 'detected, or forced at a given position';
COMMENT ON COLUMN lightcurve.target_id IS 'the target, where the position was asked for';
COMMENT ON COLUMN lightcurve.mag_err_total IS 'mag; hypot of mag_err, zp_err and zp_sys';
COMMENT ON COLUMN lightcurve.object_id IS 'the object; a name, never a position';
COMMENT ON COLUMN lightcurve.frame_id IS 'the frame';
COMMENT ON COLUMN lightcurve.band IS 'our name of the passband';
COMMENT ON COLUMN lightcurve.mjd_mid IS 'd; MJD (UTC) of mid-exposure';
COMMENT ON COLUMN lightcurve.bjd_tdb IS 'd; BJD (TDB) of mid-exposure at the position of the object; NULL: site unknown';
COMMENT ON COLUMN lightcurve.mag IS 'mag; calibrated, in mag_system; NULL where the flux is not positive or the frame has no zero point';
COMMENT ON COLUMN lightcurve.mag_err IS 'mag; 1 sigma of the measurement alone, without the zero point';
COMMENT ON COLUMN lightcurve.mag_system IS 'AB, Vega, tied (unfiltered, tied to a catalogue band), relative or instrumental';
COMMENT ON COLUMN lightcurve.flux_mjy IS 'mJy; NULL unless AB, or Vega with a known offset';
COMMENT ON COLUMN lightcurve.flux_mjy_err IS 'mJy; 1 sigma of the measurement alone';
COMMENT ON COLUMN lightcurve.flux IS 'ADU/s; background subtracted; negative stays negative';
COMMENT ON COLUMN lightcurve.flux_err IS 'ADU/s; 1 sigma of the measurement alone';
COMMENT ON COLUMN lightcurve.limit_mag IS 'mag; 5 sigma of this aperture with no source in it';
COMMENT ON COLUMN lightcurve.zp IS 'mag; of 1 ADU/s';
COMMENT ON COLUMN lightcurve.zp_err IS 'mag; random error of this zero point';
COMMENT ON COLUMN lightcurve.aperture_id IS 'aperture of the flux: 0 = the primary aperture of the frame, -1 = auto';
COMMENT ON COLUMN lightcurve.kind IS 'detected, or how else the point was measured';
COMMENT ON COLUMN lightcurve.flags IS 'bits of the flag table (docs/reference/flags.md)';
COMMENT ON COLUMN lightcurve.airmass IS 'at mid-exposure, at the centre of the frame';
COMMENT ON COLUMN lightcurve.fwhm_arcsec IS 'arcsec; of the stars of the frame';
COMMENT ON COLUMN lightcurve.sky IS 'ADU/px; local background, subtracted';
COMMENT ON COLUMN lightcurve.x IS 'px; 0-based, pixel centre at an integer';
COMMENT ON COLUMN lightcurve.y IS 'px; 0-based, pixel centre at an integer';
COMMENT ON COLUMN lightcurve.cal_id IS 'the calibration';
COMMENT ON COLUMN lightcurve.target_id IS 'the target of a forced measurement';
COMMENT ON COLUMN lightcurve.zp_sys IS 'mag; error of the tie to the catalogue, common to all frames';
COMMENT ON COLUMN lightcurve.mag_err_total IS 'mag; hypot of mag_err, zp_err and zp_sys';
INSERT INTO meta VALUES ('schema_version', '1'), ('created_at', '2026-11-01T00:00:00+00:00');
