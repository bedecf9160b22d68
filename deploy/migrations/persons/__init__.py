"""The links of persons to their pseudonyms, in the schema of the registry's store."""
