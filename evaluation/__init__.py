"""What leaders act on: indicators, scores, comparisons, bulletins, exports and the deep history."""
