"""The deep history: events and cases of the journal as Parquet files per month, for questions over years (DuckDB)."""
