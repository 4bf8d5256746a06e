"""Step 8: containers that have the ids of another one.

They have it to write to that one's root file system, which is mounted into
them.  ``host_base`` stays empty then, and unique among the owners.
"""

STATEMENTS = (
    'ALTER TABLE containers ADD COLUMN borrowed_base INTEGER',
    'CREATE INDEX containers_borrowed_base ON containers (borrowed_base)',
)
