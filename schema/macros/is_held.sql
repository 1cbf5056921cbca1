-- Whether a star of this number is kept back from every fit, one in ten, so that a calibration can be judged by it.
CREATE OR REPLACE MACRO is_held(id) AS (id::HUGEINT * 2654435761) % 4294967296 % 10 = 7;
