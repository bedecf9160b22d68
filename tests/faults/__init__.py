"""Fault drills (`make faults`): servers and services die, folders vanish, backups are older; no figure may change."""
