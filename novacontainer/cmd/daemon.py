"""Entry point of ``novacontainerd``.

Called by the console script, systemd, or ``python -m``.  Calls
``runtime.daemon``.
"""

from collections.abc import Sequence
import faulthandler
import sys

from oslo_config import cfg
from oslo_log import log as logging

from novacontainer.runtime import conf as options
from novacontainer.runtime import daemon
from novacontainer.runtime import exception
from novacontainer.runtime import requestid

#: sysexits(3), EX_CONFIG: systemd users know it.
_UNFIT = 78


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon until it is told to end.

    :param argv: arguments without the program's name; None: the process's.
    :return: exit code: 0, or 78 when the daemon cannot run here, with one
        plain sentence on standard error.
    """
    conf = options.new()
    try:
        conf(sys.argv[1:] if argv is None else list(argv),
             project='novacontainer', prog='novacontainerd')
        options.check(conf)
    except (cfg.Error, ValueError) as error:
        print(f'novacontainerd: {error}', file=sys.stderr)
        return _UNFIT
    conf.set_default('logging_context_format_string', requestid.FORMAT)
    logging.setup(conf, 'novacontainerd')
    requestid.tag_log()
    # When systemd's watchdog ends us (SIGABRT), the log has each thread.
    faulthandler.enable(sys.__stderr__ or sys.stderr)
    try:
        daemon.Daemon(conf).run()
    except exception.RuntimeFault as fault:
        print(f'novacontainerd: {fault.message}', file=sys.stderr)
        return _UNFIT
    return 0


if __name__ == '__main__':
    sys.exit(main())
