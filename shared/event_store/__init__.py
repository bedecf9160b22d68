"""Where the truth is kept: see `interface` for what a store promises and `postgres` for the one in operation."""
