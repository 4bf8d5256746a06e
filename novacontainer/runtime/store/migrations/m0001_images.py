"""Step 1: images, their names, layers and blobs."""

STATEMENTS = (
    """
    CREATE TABLE layers (
        diff_id TEXT PRIMARY KEY,
        size_bytes INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    # boot: the boot (random/boot_id) in which the blob and its layer were
    # written, until they are known to be on the disk; then ''.
    """
    CREATE TABLE blobs (
        digest TEXT PRIMARY KEY,
        diff_id TEXT NOT NULL REFERENCES layers (diff_id),
        size_bytes INTEGER NOT NULL,
        boot TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    'CREATE INDEX blobs_diff_id ON blobs (diff_id)',
    "CREATE INDEX blobs_boot ON blobs (boot) WHERE boot <> ''",
    # config: the document's exact bytes, because its digest is the id.
    """
    CREATE TABLE images (
        id TEXT PRIMARY KEY,
        config BLOB NOT NULL,
        created_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE image_layers (
        image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        diff_id TEXT NOT NULL REFERENCES layers (diff_id),
        blob TEXT NOT NULL REFERENCES blobs (digest),
        PRIMARY KEY (image_id, position)
    ) STRICT, WITHOUT ROWID
    """,
    'CREATE INDEX image_layers_diff_id ON image_layers (diff_id)',
    'CREATE INDEX image_layers_blob ON image_layers (blob)',
    """
    CREATE TABLE image_references (
        name TEXT PRIMARY KEY,
        image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID
    """,
    'CREATE INDEX image_references_image_id ON image_references (image_id)',
)
