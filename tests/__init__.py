"""Tests. Folders by cost: unit, conventions, integration, e2e, bench, js."""
