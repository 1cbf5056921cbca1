"""The one door to duckdb."""
