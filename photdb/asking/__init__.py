"""The questions behind `photdb.query`, one subject a file."""
