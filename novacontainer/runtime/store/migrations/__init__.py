"""The database's schema, one module per step.

``m0001_images`` is step 1, and so on; each has ``STATEMENTS``, a tuple of
SQL statements.  ``store.database`` runs the missing ones in one transaction
each.  A published step is never edited: a change is a new step.
"""

import importlib
import pkgutil
import re

_NAME = re.compile(r'm(\d{4})_\w+')


def steps() -> list[tuple[int, tuple[str, ...]]]:
    """Give all steps as (number, statements), in order."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        match = _NAME.fullmatch(module.name)
        if match:
            step = importlib.import_module(f'{__name__}.{module.name}')
            found.append((int(match.group(1)), tuple(step.STATEMENTS)))
    return sorted(found)
