"""Back-test: which cards rules, calendars or limits would have raised, by the thousand and equal to the live engine."""
