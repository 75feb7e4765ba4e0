"""Everything that a store holds as one file, which every engine can write and read.

``file.py`` is the file, ``schema.py`` knows which tables there are, ``ends.py`` what engines must be able to do,
``sqlite.py`` and ``segue.store.postgres.portable`` do it, ``moving.py`` moves rows and content from one to the other.
"""
