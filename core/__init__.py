"""Shared kernel: time, working calendar, errors, database, unit of work, outbox, access, scheduling, health."""
