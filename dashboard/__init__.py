"""The pages: wall, duty desk, case, feed health."""
