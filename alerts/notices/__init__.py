"""Who is told of what happens to a card, by which way, and why somebody was not told."""
