-- Give staged detections the fluxes, errors and flags that they have: the matching took them for believed, as whoever
-- made the table did.
UPDATE staged
SET
  flux = true_flux,
  flux_err = true_flux_err,
  flags = true_flags;
