-- Every master frame.
SELECT master_id, kind, detector, binning, exptime_s, filter, night, path, sha256, n_inputs, made_of, settings
FROM master
ORDER BY master_id;
