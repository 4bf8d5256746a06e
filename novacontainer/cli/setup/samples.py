"""Sample configuration files, made of the options of what is installed.

Called by ``setup.plan``; calls oslo.config's generator, which finds the
options by their entry points, as oslo-config-generator does.
"""

import io

from novacontainer.cli import failure

#: Entry points of the files: etc/novacontainer/*-config-generator.conf.
DAEMON = ('novacontainerd', 'oslo.log')
DRIVER = ('novacontainer.virt',)


def render(namespaces: tuple[str, ...]) -> str:
    """Write a sample.

    :raises CommandFailed: the options cannot be had, as those of the driver
        without Nova.
    """
    # Slow to import, and of use to this verb alone.
    from oslo_config import cfg
    from oslo_config import generator
    conf = cfg.ConfigOpts()
    generator.register_cli_opts(conf)
    words = [word for name in namespaces for word in ('--namespace', name)]
    conf([*words, '--wrap-width', '79'], default_config_files=[])
    written = io.StringIO()
    try:
        generator.generate(conf, written)
    except ImportError as error:
        raise failure.CommandFailed(
            f'There are no options of {namespaces[0]}: {error}. Run this with '
            'the environment that nova-compute runs with, or move '
            '/etc/nova away where there is no Nova.') from error
    return written.getvalue()
