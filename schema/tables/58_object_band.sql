-- What varies: the moments of one object in one passband on one scale of magnitudes, and robust statistics when asked for.
-- Sums are about `anchor`, so that they can be added to and lose no digits. The view object_statistics makes them readable.
CREATE TABLE object_band (
  object_id BIGINT NOT NULL,
  band VARCHAR,
  mag_system VARCHAR NOT NULL,
  detector VARCHAR,
  cal_low INTEGER,
  cal_high INTEGER,
  n_point INTEGER NOT NULL,
  n INTEGER NOT NULL,
  n_blend INTEGER NOT NULL,
  first_mjd DOUBLE,
  last_mjd DOUBLE,
  anchor DOUBLE,
  sum_d DOUBLE NOT NULL,
  sum_dd DOUBLE NOT NULL,
  sum_w DOUBLE NOT NULL,
  sum_wd DOUBLE NOT NULL,
  sum_wdd DOUBLE NOT NULL,
  sum_ee DOUBLE NOT NULL,
  n_night INTEGER NOT NULL,
  within_dd DOUBLE NOT NULL,
  within_chi2 DOUBLE NOT NULL,
  night_d DOUBLE NOT NULL,
  night_dd DOUBLE NOT NULL,
  stamp DOUBLE NOT NULL,
  median DOUBLE,
  mad DOUBLE,
  iqr DOUBLE,
  p5 DOUBLE,
  p95 DOUBLE,
  low DOUBLE,
  high DOUBLE,
  von_neumann DOUBLE,
  lag_1 DOUBLE,
  stetson_j DOUBLE,
  stetson_j_bands DOUBLE,
  stetson_k DOUBLE,
  skew DOUBLE,
  kurtosis DOUBLE,
  beyond_1_sigma DOUBLE,
  max_slope DOUBLE
);
COMMENT ON TABLE object_band IS 'moments of the flux of one object in one passband and system of magnitudes; robust statistics when asked for; read it through the view object_statistics';
COMMENT ON COLUMN object_band.object_id IS 'the object';
COMMENT ON COLUMN object_band.band IS 'our name of the passband';
COMMENT ON COLUMN object_band.mag_system IS 'AB, Vega, tied or relative: only points of one scale are taken together';
COMMENT ON COLUMN object_band.detector IS 'whose scale it is, where magnitudes are relative; NULL: all detectors share the scale';
COMMENT ON COLUMN object_band.cal_low IS 'lowest number of the calibrations that the points were calibrated with';
COMMENT ON COLUMN object_band.cal_high IS 'highest number of these calibrations';
COMMENT ON COLUMN object_band.n_point IS 'detections in frames with a zero point';
COMMENT ON COLUMN object_band.n IS 'those that count: flux and a positive error, none of the flags saturated, truncated, bad pixel, cosmic ray, aperture incomplete';
COMMENT ON COLUMN object_band.n_blend IS 'of these, those with light of a neighbour: any of the flags neighbours, deblended, blend suspected, merged';
COMMENT ON COLUMN object_band.first_mjd IS 'd; MJD (UTC) of the first point, counted or not';
COMMENT ON COLUMN object_band.last_mjd IS 'd; MJD (UTC) of the last point, counted or not';
COMMENT ON COLUMN object_band.anchor IS 'what the sums are about: d = f - anchor, where f is the flux in units of magnitude 0; NULL: no point counts';
COMMENT ON COLUMN object_band.sum_d IS 'sum of d';
COMMENT ON COLUMN object_band.sum_dd IS 'sum of d^2';
COMMENT ON COLUMN object_band.sum_w IS 'sum of w = 1 / e^2, e the error of f with that of the frame''s zero point';
COMMENT ON COLUMN object_band.sum_wd IS 'sum of w d';
COMMENT ON COLUMN object_band.sum_wdd IS 'sum of w d^2';
COMMENT ON COLUMN object_band.sum_ee IS 'sum of e^2';
COMMENT ON COLUMN object_band.n_night IS 'nights with points that count';
COMMENT ON COLUMN object_band.within_dd IS 'sum over the nights of the squared distances from the mean of the night';
COMMENT ON COLUMN object_band.within_chi2 IS 'the same of the weighted ones, from the weighted mean of the night';
COMMENT ON COLUMN object_band.night_d IS 'sum of the nights'' means of d';
COMMENT ON COLUMN object_band.night_dd IS 'sum of the squares of the nights'' means of d';
COMMENT ON COLUMN object_band.stamp IS 'sum over the detections of a number made of frame and flags: tells whether they are still the same';
COMMENT ON COLUMN object_band.median IS 'of f; NULL, as all that follow: not asked for since the points changed';
COMMENT ON COLUMN object_band.mad IS 'median absolute deviation of f from its median';
COMMENT ON COLUMN object_band.iqr IS 'distance of the quartiles of f';
COMMENT ON COLUMN object_band.p5 IS '5th percentile of f';
COMMENT ON COLUMN object_band.p95 IS '95th percentile of f';
COMMENT ON COLUMN object_band.low IS 'least f';
COMMENT ON COLUMN object_band.high IS 'greatest f';
COMMENT ON COLUMN object_band.von_neumann IS 'mean squared step from point to point over the variance: 2 for noise, less for what changes slowly';
COMMENT ON COLUMN object_band.lag_1 IS 'autocorrelation of neighbouring points';
COMMENT ON COLUMN object_band.stetson_j IS 'Stetson''s J of neighbouring points less than 0.05 d apart';
COMMENT ON COLUMN object_band.stetson_j_bands IS 'Stetson''s J of pairs with another passband less than 0.05 d apart; NULL: there are none';
COMMENT ON COLUMN object_band.stetson_k IS 'Stetson''s K: 0.798 for normal noise';
COMMENT ON COLUMN object_band.skew IS 'sample skewness of f; positive: flares, negative: eclipses';
COMMENT ON COLUMN object_band.kurtosis IS 'sample excess kurtosis of f';
COMMENT ON COLUMN object_band.beyond_1_sigma IS 'share of the points further than one standard deviation from the mean';
COMMENT ON COLUMN object_band.max_slope IS 'per day; greatest change of f between neighbouring points, over the mean';
