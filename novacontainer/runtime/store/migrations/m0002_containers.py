"""Step 2: containers, their id ranges and their labels."""

STATEMENTS = (
    # host_base: first host id of the container's range, NULL in the host's
    # own user namespace.  UNIQUE is what keeps two containers from ever
    # sharing ids, whatever the allocator believes.
    """
    CREATE TABLE containers (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        image_id TEXT NOT NULL REFERENCES images (id),
        image_name TEXT NOT NULL,
        config TEXT NOT NULL,
        host_config TEXT NOT NULL,
        host_base INTEGER UNIQUE,
        id_size INTEGER,
        created_us INTEGER NOT NULL,
        status TEXT NOT NULL,
        pid INTEGER NOT NULL,
        conmon_pid INTEGER NOT NULL,
        conmon_started INTEGER NOT NULL,
        exit_code INTEGER NOT NULL,
        oom_killed INTEGER NOT NULL,
        error TEXT NOT NULL,
        restart_count INTEGER NOT NULL,
        started_us INTEGER,
        finished_us INTEGER
    ) STRICT, WITHOUT ROWID
    """,
    'CREATE INDEX containers_image_id ON containers (image_id)',
    'CREATE INDEX containers_status ON containers (status)',
    'CREATE INDEX containers_created_us ON containers (created_us)',
    # For lists by label, which must not read every container.
    """
    CREATE TABLE container_labels (
        key TEXT NOT NULL,
        container_id TEXT NOT NULL
            REFERENCES containers (id) ON DELETE CASCADE,
        value TEXT NOT NULL,
        PRIMARY KEY (key, container_id)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE INDEX container_labels_container_id
        ON container_labels (container_id)
    """,
)
