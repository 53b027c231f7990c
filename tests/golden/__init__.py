"""Examples with known answers."""
