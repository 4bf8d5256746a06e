"""Images as the Docker Engine API 1.44 shows them.

Called by: ``api.routes.images``.  Calls: ``views.times``,
``views.hostconfig``.
"""

from collections.abc import Iterator, Sequence
import pathlib

from novacontainer.runtime.api.views import hostconfig
from novacontainer.runtime.api.views import times
from novacontainer.runtime import models


_NAMELESS = '<none>:<none>'


def inspect(
    image: models.Image, storage: str, layers: Sequence[pathlib.Path]
) -> models.Json:
    """Show one image (``ImageInspect``).

    :param layers: its unpacked layers, lowest first.
    """
    config = image.config
    return {
        'Id': image.id,
        'RepoTags': list(image.references),
        'RepoDigests': [],
        'Parent': image.parent,
        'Comment': config.get('comment') or _last_comment(config),
        'Created': config.get('created') or times.rfc3339(image.created),
        'DockerVersion': config.get('docker_version', ''),
        'Author': config.get('author', ''),
        'Config': hostconfig.config(config.get('config') or {}),
        'Architecture': config.get('architecture', ''),
        'Variant': config.get('variant', ''),
        'Os': config.get('os', ''),
        'OsVersion': config.get('os.version', ''),
        'Size': image.size_bytes,
        'VirtualSize': image.size_bytes,
        'GraphDriver': {'Name': storage, 'Data': _directories(layers)},
        'RootFS': {
            'Type': 'layers',
            'Layers': [layer.diff_id for layer in image.layers],
        },
        'Metadata': {'LastTagTime': times.NEVER},
    }


def summary(
    image: models.Image, *, name_nameless: bool = False
) -> models.Json:
    """Show one line of ``docker images`` (``ImageSummary``).

    :param name_nameless: give an image without a name the one that it had
        before API 1.43.
    """
    names = list(image.references)
    return {
        'Id': image.id,
        'ParentId': image.parent,
        'RepoTags': names or ([_NAMELESS] if name_nameless else []),
        'RepoDigests': [],
        'Created': int(image.created.timestamp()),
        'Size': image.size_bytes,
        'VirtualSize': image.size_bytes,
        # -1 is the API's word for "was not counted".
        'SharedSize': -1,
        'Containers': -1,
        'Labels': (image.config.get('config') or {}).get('Labels') or {},
    }


def history(image: models.Image) -> list[models.Json]:
    """Show how an image was built, newest step first."""
    layers = iter(image.layers)
    steps = [
        {
            'Id': '<missing>',
            'Created': times.epoch(step.get('created', '')),
            'CreatedBy': step.get('created_by', ''),
            'Tags': None,
            'Size': _step_size(step, layers),
            'Comment': step.get('comment', ''),
        }
        for step in image.config.get('history') or []
    ]
    steps.reverse()
    if steps:
        steps[0]['Id'] = image.id
        steps[0]['Tags'] = list(image.references) or None
    return steps


def _directories(layers: Sequence[pathlib.Path]) -> models.Json | None:
    """Say where the layers lie, in the words of Docker's overlay2."""
    if not layers:
        return None
    *lower, upper = map(str, layers)
    shown = {'UpperDir': upper}
    if lower:
        shown['LowerDir'] = ':'.join(reversed(lower))
    return shown


def _last_comment(config: models.Json) -> str:
    steps = config.get('history') or [{}]
    return str(steps[-1].get('comment', ''))


def _step_size(step: models.Json, layers: Iterator[models.Layer]) -> int:
    if step.get('empty_layer'):
        return 0
    layer = next(layers, None)
    return layer.size_bytes if layer else 0

