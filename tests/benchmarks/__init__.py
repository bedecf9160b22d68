"""How fast: figures to plan with, measured on the whole system. Limits are stated beside what was measured; machines are noisy."""
