"""Whole systems as people run them: the commands, the servers and every service together, judged from outside."""
