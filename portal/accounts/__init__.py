"""Accounts of applicants on the public pages: signing in, what an account holds, and its settings."""
