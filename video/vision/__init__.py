"""What a picture shows: pure functions and small states on numpy frames (BGR, 8 bit). No database, no threads, no clock."""
