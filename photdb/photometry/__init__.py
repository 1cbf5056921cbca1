"""Arithmetic on arrays: no files, no database, no network."""
