"""Audits a running system: everything it keeps is compared with everything else it keeps, and its figures with what a second engine makes
of the same facts. It only reads, a page at a time, and takes no lock.
"""
