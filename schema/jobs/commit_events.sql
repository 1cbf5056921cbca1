-- Append what happened to objects.
-- needs given_events, with the columns of object_event
INSERT INTO object_event BY NAME
FROM given_events
ORDER BY event_id;
