"""Laws that hold for every calendar, every limit and every order of delivery; hypothesis looks for the exception."""
