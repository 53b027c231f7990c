"""On-site signals: written, read, and their pictures served."""
