"""The inner end: fetches what applicants handed in, gives it to the services, sends back what came of it."""
