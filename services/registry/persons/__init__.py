"""Persons' pseudonyms: the links between resident ids and pseudonyms, their keys, and the doors at which they are asked for.

A link is (version of the key, HMAC-SHA-256 of the resident id under that key) and the pseudonym. Without the keys, which are in no
database, nobody can tell whose a pseudonym is, nor find out by trying every id there is.
"""
