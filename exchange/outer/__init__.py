"""The outer end: a desk for the public pages that keeps, hands over and mirrors; it knows no service of the inside."""
