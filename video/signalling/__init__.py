"""Signals of cameras: what is told, what a person decides about it, and how people see it."""
