"""Tables of typed cells: CSV (RFC 4180) and its relatives, such as TSV."""
