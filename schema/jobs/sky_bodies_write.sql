-- Keep the bodies of an answer of SkyBoT.
-- $query_id  INTEGER
-- needs given_bodies
INSERT INTO sky_body BY NAME
SELECT $query_id::INTEGER AS query_id, *
FROM given_bodies
ORDER BY name;
