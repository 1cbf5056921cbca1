-- Give staged detections the errors that they have: the matching took them for believed, as whoever made the table did.
UPDATE staged
SET flux_err = true_flux_err;
