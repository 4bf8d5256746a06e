"""Step 5: what the health checks of containers found."""

STATEMENTS = (
    """
    CREATE TABLE healths (
        container_id TEXT PRIMARY KEY
            REFERENCES containers (id) ON DELETE CASCADE,
        status TEXT NOT NULL,
        failing_streak INTEGER NOT NULL,
        log TEXT NOT NULL
    ) WITHOUT ROWID
    """,
)
