"""A second opinion: the same figures worked out again from the raw files, without a line of the product."""
