"""Database schemas: brought up to date once per set of packages.

Called by the service modules before their first process starts.
"""

from collections.abc import Sequence

from demo import commands
from demo import directory as directories
from demo import environment


def synchronise(directory: directories.Directory, service: str,
                tools: Sequence[Sequence[str]], **environ: str) -> bool:
    """Run a service's schema commands, unless these packages' were run.

    :param tools: commands of the Python environment, with arguments.
    :param environ: what they find in their environment.
    :returns: whether they had to be run.
    :raises DemoError: one failed.
    """
    stamp = directory.data / f'{service}.schema'
    wanted = environment.openstack_stamp(directory).read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    env = commands.clean_environment(
        directory.home, directory.venv / 'bin', **environ)
    # Nova's four commands are the longest chain of the whole start: the
    # others give way to it.
    prefix = () if service.startswith('nova') else ('nice',)
    for tool, *arguments in tools:
        commands.run([*prefix, directory.tool(tool), *arguments],
                     directory.log / f'{service}-schema.log',
                     environment=env, user=directories.USER)
    stamp.write_text(wanted)
    return True
