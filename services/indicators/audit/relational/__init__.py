"""The second engine: every measure as a relational expression over the archived facts, evaluated at one (as of, known at).

It shares the declarations of the catalogue with the live fold and none of its code: rulings, relations, places and kinds are written anew
in terms of tables. Expressions are Ibis's, so that they run on DuckDB and compile for others.
"""
