"""The options of novacontainerd, one module a group.

Called by: ``runtime.daemon`` (:func:`new`), tests, and the sample generator
through the ``oslo.config.opts`` entry point ``novacontainerd``
(:func:`list_opts`).  There is no global configuration object: :func:`new`
makes one, and the composition root hands its values down.
"""

from collections.abc import Sequence

from oslo_config import cfg
from oslo_log import log as logging

from novacontainer.runtime.conf import api
from novacontainer.runtime.conf import containers
from novacontainer.runtime.conf import daemon
from novacontainer.runtime.conf import engine
from novacontainer.runtime.conf import images
from novacontainer.runtime.conf import networks
from novacontainer.runtime.conf import storage

_MODULES = (daemon, api, engine, containers, images, networks, storage)


def new() -> cfg.ConfigOpts:
    """Return a fresh configuration with every option registered, unparsed."""
    conf = cfg.ConfigOpts()
    logging.register_options(conf)
    for module in _MODULES:
        module.register_opts(conf)
    return conf


def check(conf: cfg.ConfigOpts) -> None:
    """Look at every option once, since values are read when first used.

    :raises ValueError: an option has a value that it cannot have.
    """
    for module in _MODULES:
        values = conf if module.GROUP == 'DEFAULT' else conf[module.GROUP]
        for option in module.OPTIONS:
            getattr(values, option.dest)


def list_opts() -> list[tuple[str, Sequence[cfg.Opt]]]:
    """Return (group, options) pairs for ``oslo-config-generator``."""
    return [(module.GROUP, module.OPTIONS) for module in _MODULES]
