"""Images with exact truth."""
