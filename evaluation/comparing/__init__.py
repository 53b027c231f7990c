"""The comparison for other systems: all its figures over HTTP."""
