"""The migrations that build every database, one folder per kind of schema; `shared.migrate` runs them."""
