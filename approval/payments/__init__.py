"""Paying a fee through a gateway: orders that are kept, asked after, booked, and given back where they cannot be booked."""
