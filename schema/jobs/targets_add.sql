-- Append targets of a list.
-- needs given_targets: columns of table target
INSERT INTO target BY NAME
FROM given_targets;
