-- How many detections a night has, and how many have an object so far.
SELECT
  (SELECT count(*) FROM staged) AS n_staged,
  (SELECT count(*) FROM assigned) AS n_assigned;
