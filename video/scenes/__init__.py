"""Drawn service halls for the demonstration and for tests: windows, clerks and applicants that nobody has filmed."""
