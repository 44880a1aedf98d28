"""The only part that knows folders, people and time."""
