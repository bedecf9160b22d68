"""The measure algebra: rows, kinds and the jumps they yield."""
