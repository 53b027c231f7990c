"""Case-state feeds: mappings, connectors, acknowledgement per record, quarantine and feed health."""
