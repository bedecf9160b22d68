"""A write service: reports in, one commit out. `handler` drives it, `deciding` rules on one report, everything else is pure too."""
