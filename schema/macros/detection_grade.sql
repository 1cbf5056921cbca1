-- How far a detection is to be believed: 3 bright and whole, 2 whole, 1 cut by the edge of its frame or hit by a particle.
-- Near the gate the error is taken as a compacted store keeps it, so that the grade is the same before and after.
CREATE OR REPLACE MACRO detection_grade(d, cut, gate_snr) AS
  CASE
    WHEN d.flags & cut <> 0 THEN 1
    WHEN d.flux::DOUBLE >= 1.004 * gate_snr * d.flux_err THEN 3
    WHEN NOT coalesce(d.flux::DOUBLE >= 0.996 * gate_snr * d.flux_err, false) THEN 2
    WHEN d.flux::DOUBLE >= gate_snr * decode_log(encode_log(d.flux_err, 256e0), 256e0) THEN 3
    ELSE 2
  END::TINYINT;
