"""The hall: what every photo goes through before a wing measures it."""
