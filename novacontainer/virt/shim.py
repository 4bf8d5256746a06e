"""Makes ``import nova.virt.novacontainer`` find this driver.

Imported by ``novacontainer.pth`` at every start of Python, before Nova;
calls nothing then.  Nova loads ``compute_driver = X.Y`` as
``nova.virt.X``, and ``nova.virt`` is a regular package, so that no directory
of ours can add to it: beside an editable Nova it would even hide Nova.  A
finder for exactly one name works with every kind of installation and touches
none of Nova's files.

Nothing but sys and importlib may be imported here: Nova patches other
modules of the standard library as the first thing that it does.
"""

import importlib
import importlib.machinery
import sys

MODULE = 'nova.virt.novacontainer'

_DRIVER = 'novacontainer.virt.driver'


class Finder:
    """A meta path finder and loader (``importlib.abc``) for one module."""

    @staticmethod
    def find_spec(fullname, path=None, target=None):
        """Return a spec for :data:`MODULE`, None for everything else."""
        if fullname != MODULE:
            return None
        return importlib.machinery.ModuleSpec(
            fullname, Finder, origin=__file__)

    @staticmethod
    def create_module(spec):
        """Have an ordinary module made."""
        return

    @staticmethod
    def exec_module(module):
        """Give the module the name that Nova looks for."""
        driver = importlib.import_module(_DRIVER)
        module.ContainerDriver = driver.ContainerDriver


def install():
    """Put the finder on ``sys.meta_path``, behind the others, once."""
    if Finder not in sys.meta_path:
        sys.meta_path.append(Finder)
