"""How Nova's code runs in the tests: on native threads, or on eventlet.

nova-compute runs native threads since 2026.2, and eventlet before and where
its ``[DEFAULT] concurrency_backend`` says so.  An environment variable, whose
name is Nova's, decides first.
"""

import os

#: ``0`` asks for eventlet.
VARIABLE = 'OS_NOVA_DISABLE_EVENTLET_PATCHING'


def choose() -> None:
    """Take native threads, unless the environment asks for eventlet.

    To be called by packages of tests, before anything else has imported
    eventlet: the whole process is patched for it, or kept from it.
    """
    os.environ.setdefault(VARIABLE, '1')
    from nova import monkey_patch

    # Before 2025.2 the import alone has done it.
    if hasattr(monkey_patch, 'patch'):
        monkey_patch.patch()
