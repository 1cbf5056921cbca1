-- Which object each detection belongs to; none yet. New objects are negative until they are born.
CREATE OR REPLACE TEMP TABLE assigned (
  rid BIGINT NOT NULL,
  object_id BIGINT NOT NULL,
  d2 DOUBLE NOT NULL
);
