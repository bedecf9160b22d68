"""Tests of what puts kaiye on a machine."""
