"""The steps of the pipeline, one per file."""
