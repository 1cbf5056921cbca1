-- Flux (ADU/s) of a magnitude: what flux_to_mag undoes.
CREATE OR REPLACE MACRO mag_to_flux(mag, zp) AS
  10 ** (-0.4 * (mag - zp)::DOUBLE);
