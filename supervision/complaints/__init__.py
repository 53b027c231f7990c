"""Consultations, complaints and bad ratings: intake, routing, terms, answer, call-back, and who reported, sealed."""
