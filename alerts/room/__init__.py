"""The supervision room itself: what it says aloud, who may say it, and whether what it shows still reaches its screens."""
