"""What makes figures provable: a second engine over the recorded facts, a Merkle tree over their bytes, and signatures."""
