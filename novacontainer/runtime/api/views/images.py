"""Images as the Docker Engine API 1.44 shows them.

Called by: ``api.routes.images``.  Calls: ``views.times``.
"""

from collections.abc import Iterator

from novacontainer.runtime.api.views import times
from novacontainer.runtime import models


def inspect(image: models.Image, storage: str) -> models.Json:
    """Show one image (``ImageInspect``)."""
    config = image.config
    return {
        'Id': image.id,
        'RepoTags': list(image.references),
        'RepoDigests': [],
        'Parent': '',
        'Comment': config.get('comment') or _last_comment(config),
        'Created': config.get('created') or times.rfc3339(image.created),
        'DockerVersion': config.get('docker_version', ''),
        'Author': config.get('author', ''),
        'Config': config.get('config') or {},
        'Architecture': config.get('architecture', ''),
        'Variant': config.get('variant', ''),
        'Os': config.get('os', ''),
        'OsVersion': config.get('os.version', ''),
        'Size': image.size_bytes,
        'VirtualSize': image.size_bytes,
        'GraphDriver': {'Name': storage, 'Data': None},
        'RootFS': {
            'Type': 'layers',
            'Layers': [layer.diff_id for layer in image.layers],
        },
        'Metadata': {'LastTagTime': times.NEVER},
    }


def summary(image: models.Image) -> models.Json:
    """Show one line of ``docker images`` (``ImageSummary``)."""
    return {
        'Id': image.id,
        'ParentId': '',
        'RepoTags': list(image.references),
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


def _last_comment(config: models.Json) -> str:
    steps = config.get('history') or [{}]
    return str(steps[-1].get('comment', ''))


def _step_size(step: models.Json, layers: Iterator[models.Layer]) -> int:
    if step.get('empty_layer'):
        return 0
    layer = next(layers, None)
    return layer.size_bytes if layer else 0

