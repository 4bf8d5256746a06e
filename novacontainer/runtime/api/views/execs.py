"""Execs as the Docker Engine API 1.44 shows them.

Called by: ``api.routes.execs``.  Calls: nothing.
"""

from novacontainer.runtime import models


def inspect(record: models.Exec) -> models.Json:
    """Show one exec (``ExecInspect``)."""
    return {
        'ID': record.id,
        'Running': record.running,
        'ExitCode': record.exit_code,
        'ProcessConfig': {
            'tty': record.terminal,
            'entrypoint': record.args[0],
            'arguments': list(record.args[1:]),
            'privileged': record.privileged,
            **({'user': record.user} if record.user else {}),
        },
        'OpenStdin': 'stdin' in record.streams,
        'OpenStderr': 'stderr' in record.streams,
        'OpenStdout': 'stdout' in record.streams,
        'CanRemove': record.exit_code is not None,
        'ContainerID': record.container_id,
        'DetachKeys': record.detach_keys,
        'Pid': record.pid,
    }
