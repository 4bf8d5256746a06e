"""MariaDB: one server on loopback, one database a service.

Called by ``cloud``.  SQLite would not do: under concurrency oslo.db's
transactions fail on it with "database is locked".
"""

import pathlib

from demo import commands
from demo import directory as directories
from demo import ports
from demo import processes

NAMES = ('keystone', 'glance', 'placement', 'nova_api', 'nova', 'nova_cell0',
         'neutron', 'cinder')


def start(directory: directories.Directory,
          supervisor: processes.Supervisor) -> None:
    """Start the server and make what databases are missing."""
    data = directory.data / 'mariadb'
    log = directory.log / 'mariadb-setup.log'
    if not (data / 'mysql').exists():
        directory.own(data)
        commands.run(
            ['mariadb-install-db', '--no-defaults',
             f'--user={directories.USER}', f'--datadir={data}',
             '--auth-root-authentication-method=socket', '--skip-test-db'],
            log, environment=commands.clean_environment(directory.home))
    sockets = directory.own(directory.run / 'mariadb')
    supervisor.start(processes.Process(
        'mariadb',
        ('mariadbd', '--no-defaults', f'--datadir={data}',
         f'--socket={_socket(directory)}', f'--pid-file={sockets}/mariadb.pid',
         f'--tmpdir={sockets}', '--bind-address=127.0.0.1',
         f'--port={ports.MARIADB}', '--max-connections=400',
         '--skip-name-resolve', '--performance-schema=OFF',
         '--character-set-server=utf8mb3',
         '--innodb-buffer-pool-size=128M',
         # The demo's data may be lost with the machine; it saves seconds.
         '--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0'),
        commands.clean_environment(directory.home), directories.USER))
    supervisor.wait_ready('mariadb', lambda: ports.is_open(ports.MARIADB))
    _ask(directory, _statements(directory.password()))


def holds(directory: directories.Directory, query: str) -> bool:
    """Whether a query finds anything."""
    return bool(_ask(directory, query))


def _ask(directory: directories.Directory, statements: str) -> str:
    """What the server answers to root, whom it knows by the socket."""
    return commands.output(
        ['mariadb', '--no-defaults', f'--socket={_socket(directory)}',
         '--user=root'], stdin=statements)


def _socket(directory: directories.Directory) -> pathlib.Path:
    return directory.run / 'mariadb' / 'mariadb.sock'


def _statements(password: str) -> str:
    lines = [f'CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb3;'
             for name in NAMES]
    for host in ('127.0.0.1', 'localhost'):
        account = f"openstack@'{host}'"
        lines.append(f'CREATE USER IF NOT EXISTS {account} '
                     f"IDENTIFIED BY '{password}';")
        lines += [f'GRANT ALL ON {name}.* TO {account};' for name in NAMES]
    return '\n'.join(lines)

