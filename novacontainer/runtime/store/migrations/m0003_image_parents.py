"""Step 3: from which image another one was committed."""

STATEMENTS = (
    # No reference: what an image was made from may go before it, because
    # each holds its layers itself.
    "ALTER TABLE images ADD COLUMN parent TEXT NOT NULL DEFAULT ''",
)
