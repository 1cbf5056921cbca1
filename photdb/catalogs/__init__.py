"""What others know of the sky."""
