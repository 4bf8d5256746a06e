"""RabbitMQ on loopback, as the demo's user.

Called by ``cloud``.  The server's own start script is run, not the wrapper
in /usr/sbin, which insists on the ``rabbitmq`` account of the host.
"""

import amqp

from demo import commands
from demo import directory as directories
from demo import ports
from demo import processes


def consumed(directory: directories.Directory, queue: str) -> bool:
    """Whether a service listens on a queue."""
    try:
        with amqp.Connection(
                f'127.0.0.1:{ports.RABBITMQ}', userid='openstack',
                password=directory.password()) as connection:
            found = connection.channel().queue_declare(queue, passive=True)
    except amqp.exceptions.NotFound:
        return False
    return bool(found.consumer_count)


def start(directory: directories.Directory,
          supervisor: processes.Supervisor) -> None:
    """Start Erlang's port mapper and the broker."""
    home = directory.own(directory.data / 'rabbitmq')
    logs = directory.own(directory.log / 'rabbitmq')
    etc = directory.etc / 'rabbitmq'
    plugins = etc / 'enabled_plugins'
    plugins.write_text('[].\n')
    environment = commands.clean_environment(
        home,
        ERL_EPMD_ADDRESS='127.0.0.1',
        RABBITMQ_CONF_ENV_FILE='/dev/null',
        # Without its suffix: RabbitMQ appends it.
        RABBITMQ_CONFIG_FILE=str(etc / 'rabbitmq'),
        RABBITMQ_ENABLED_PLUGINS_FILE=str(plugins),
        RABBITMQ_LOG_BASE=str(logs),
        RABBITMQ_MNESIA_BASE=str(home / 'mnesia'),
        RABBITMQ_NODENAME='rabbit@localhost',
        RABBITMQ_PID_FILE=str(home / 'rabbitmq.pid'),
        # One scheduler that does not spin, and peers on loopback only.
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=(
            '+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none '
            '-kernel inet_dist_use_interface {127,0,0,1}'))
    supervisor.start(processes.Process(
        'epmd', ('epmd', '-address', '127.0.0.1'), environment,
        directories.USER))
    supervisor.wait_ready('epmd', lambda: ports.is_open(ports.EPMD))
    supervisor.start(processes.Process(
        'rabbitmq', ('/usr/lib/rabbitmq/bin/rabbitmq-server',), environment,
        directories.USER, (etc / 'rabbitmq.config',)))
    supervisor.wait_ready('rabbitmq', lambda: ports.is_open(ports.RABBITMQ))
