"""What was charged beside what was paid (对账)."""
