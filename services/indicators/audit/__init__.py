"""What lets anybody outside verify what was recorded: a Merkle tree over the records, and a signature over its head."""
