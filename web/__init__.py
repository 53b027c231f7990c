"""What the interfaces under /api share: the thin side of Flask. Knows nothing of the rooms that answer."""
