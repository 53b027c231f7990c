"""What the record amounts to: base figures per day, indicators over them, and who may compare whom."""
