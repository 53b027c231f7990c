"""The chance that an open case passes its promised limit, learnt from past cases, and how good it was (docs/forecast.md)."""
