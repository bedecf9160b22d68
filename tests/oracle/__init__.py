"""The oracle is checked by hand: tiny histories, every expected figure worked out on paper."""
