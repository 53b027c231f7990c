"""Rules, cards and their life, and the push that brings them to the screens."""
