"""The broker of a real deployment: who may say what (`accounts.py`) and the server's configuration (`server.conf`)."""
