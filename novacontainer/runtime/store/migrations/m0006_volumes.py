"""Step 6: volumes, and which containers have them."""

STATEMENTS = (
    """
    CREATE TABLE volumes (
        name TEXT PRIMARY KEY,
        created_us INTEGER NOT NULL,
        labels TEXT NOT NULL,
        options TEXT NOT NULL,
        by_root INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    # goes: the volume is to go with this container.
    """
    CREATE TABLE container_volumes (
        container_id TEXT NOT NULL
            REFERENCES containers (id) ON DELETE CASCADE,
        volume TEXT NOT NULL REFERENCES volumes (name),
        goes INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (container_id, volume)
    ) STRICT, WITHOUT ROWID
    """,
    'CREATE INDEX container_volumes_volume ON container_volumes (volume)',
    # What is mounted where; NULL for containers made before this step.
    'ALTER TABLE containers ADD COLUMN mounts TEXT',
)
