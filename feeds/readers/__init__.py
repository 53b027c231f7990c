"""Readers: a stream of bytes → rows as texts, whatever happens to the stream."""
