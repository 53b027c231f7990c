"""What `python app.py <command>` does; one module per kind of work."""
