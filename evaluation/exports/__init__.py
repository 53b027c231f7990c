"""The journal or a slice of it for other tools: XES, Parquet, CSV, each with a data dictionary and a manifest."""
