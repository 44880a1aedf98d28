"""Training of the hair network: random scenes, what it should say of them, and the loop."""
