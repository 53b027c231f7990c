"""Everything that is data rather than code: settings, calendars, catalogue, ladders and texts, all validated."""
