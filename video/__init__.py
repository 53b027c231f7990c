"""Video supervision of windows and halls. Empty until issue 5 brings it."""
