"""The record: journal, states, clocks, counters and the reads over them."""
