"""Training of the hair network: random scenes, samples of their lines, and the folder written."""
