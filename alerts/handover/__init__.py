"""Handing a shift over: drafted from what stands, accepted item by item, signed by both."""
