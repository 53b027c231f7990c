"""What the record amounts to: base figures, indicators, comparisons; exports and the deep history."""
