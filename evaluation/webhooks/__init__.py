"""Published results to other systems: subscriptions, deliveries as signed CloudEvents, what is told when a month is closed."""
