-- Which object each detection of the night belongs to; none yet.
CREATE OR REPLACE TEMP TABLE assigned (
  rid BIGINT NOT NULL,
  object_id BIGINT NOT NULL
);
