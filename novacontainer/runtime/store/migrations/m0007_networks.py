"""Step 7: networks, and which containers are connected to them."""

STATEMENTS = (
    # subnets, labels and options are JSON.
    """
    CREATE TABLE networks (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        driver TEXT NOT NULL,
        created_us INTEGER NOT NULL,
        internal INTEGER NOT NULL,
        ipv6 INTEGER NOT NULL,
        attachable INTEGER NOT NULL,
        subnets TEXT NOT NULL,
        labels TEXT NOT NULL,
        options TEXT NOT NULL,
        going INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    # number: the order in which a container was connected.
    """
    CREATE TABLE endpoints (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        container_id TEXT NOT NULL
            REFERENCES containers (id) ON DELETE CASCADE,
        network_id TEXT NOT NULL REFERENCES networks (id),
        settings TEXT NOT NULL,
        stage INTEGER NOT NULL,
        interface TEXT NOT NULL,
        mac TEXT NOT NULL,
        ipv4 TEXT NOT NULL,
        ipv6 TEXT NOT NULL,
        default_route INTEGER NOT NULL,
        ports TEXT NOT NULL,
        UNIQUE (container_id, network_id)
    ) STRICT
    """,
    'CREATE INDEX endpoints_network ON endpoints (network_id)',
    'CREATE INDEX endpoints_stage ON endpoints (stage) WHERE stage != 0',
)
