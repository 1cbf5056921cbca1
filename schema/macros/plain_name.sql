-- Name of a target for comparison: without case, blanks and underscores.
CREATE OR REPLACE MACRO plain_name(name) AS lower(replace(replace(name, ' ', ''), '_', ''));
