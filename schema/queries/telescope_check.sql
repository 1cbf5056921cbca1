-- What was understood of a header, field by field: its value, the card that says it, and whether it is a guess.
-- $rows  JSON; an array of the fields that photdb.ingest.header read
SELECT
    line.hdu AS hdu,
    line.field AS field,
    line.value AS value,
    line.origin AS origin,
    line.note AS note
FROM (
    SELECT unnest(from_json($rows, '[{"hdu":"INTEGER","field":"VARCHAR","value":"VARCHAR","origin":"VARCHAR","note":"VARCHAR"}]')) AS line
)
