"""A Django application with one flow of five human steps, for the benchmark of the peers."""
