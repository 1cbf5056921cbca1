-- Signal to noise of a detection, of the primary flux or else of the Kron flux, with the error as a compacted store keeps it.
CREATE OR REPLACE MACRO detection_snr(d) AS
  coalesce(
    d.flux::DOUBLE / nullif(decode_log(encode_log(d.flux_err, 256e0), 256e0), 0),
    round(d.flux_auto::DOUBLE / nullif(decode_log(encode_log(d.flux_auto_err, 256e0), 256e0), 0), 1)
  );
