"""SQL: queries that only read, over the tables of a database."""
