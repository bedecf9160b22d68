"""The four services: registry, training and finance write facts, indicators answers for the figures. They never import each other."""
