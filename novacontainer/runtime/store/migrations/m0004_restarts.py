"""Step 4: which containers were stopped by a person, and so stay down."""

STATEMENTS = (
    """
    ALTER TABLE containers
        ADD COLUMN stopped_by_hand INTEGER NOT NULL DEFAULT 0
    """,
)
