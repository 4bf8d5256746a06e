"""Records of images, their names, layers and blobs.

Called by the image services within a transaction that they bound; calls
sqlite.  Files are none of its business: see ``store.blobs`` and
``store.layers``.
"""

from collections.abc import Iterable
from collections.abc import Sequence
import datetime
import json
import sqlite3

from novacontainer.runtime import models

_EPOCH = datetime.datetime.fromtimestamp(0, datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)

#: Images, their layers and their names: of all, and of one.
_IMAGES = ('SELECT id, config, created_us, (SELECT id FROM images AS other '
           'WHERE other.id = images.parent) AS parent FROM images ')
_ALL = (
    f'{_IMAGES} ORDER BY created_us DESC, id',
    'SELECT image_id, diff_id, blob, layers.size_bytes '
    'FROM image_layers JOIN layers USING (diff_id) '
    'ORDER BY image_id, position',
    'SELECT image_id, name FROM image_references ORDER BY name',
)
_ONE = (
    f'{_IMAGES} WHERE id = ?',
    'SELECT image_id, diff_id, blob, layers.size_bytes '
    'FROM image_layers JOIN layers USING (diff_id) '
    'WHERE image_id = ? ORDER BY position',
    'SELECT image_id, name FROM image_references WHERE image_id = ? '
    'ORDER BY name',
)


def get(connection: sqlite3.Connection, image_id: str) -> models.Image | None:
    """Give an image by its full id."""
    found = _images(connection, _ONE, (image_id,))
    return found[0] if found else None


def get_all(connection: sqlite3.Connection) -> list[models.Image]:
    """Give all images, the newest first."""
    return _images(connection, _ALL, ())


def config_bytes(connection: sqlite3.Connection, image_id: str) -> bytes:
    """Give the config document, byte for byte."""
    row = connection.execute(
        'SELECT config FROM images WHERE id = ?', (image_id,)).fetchone()
    return bytes(row['config'])


def ids_with_prefix(connection: sqlite3.Connection,
                    prefix: str) -> list[str]:
    """Give up to two ids that begin so: one, or too many to choose."""
    rows = connection.execute(
        'SELECT id FROM images WHERE id >= ? AND id < ? LIMIT 2',
        (prefix, prefix + 'g'))
    return [row['id'] for row in rows]


def id_of(connection: sqlite3.Connection, name: str) -> str | None:
    """Give the id of the image that has a familiar name."""
    row = connection.execute(
        'SELECT image_id FROM image_references WHERE name = ?',
        (name,)).fetchone()
    return row['image_id'] if row else None


def references_of_repository(connection: sqlite3.Connection,
                             repository: str) -> list[str]:
    """Give all names of a repository, with their tags."""
    rows = connection.execute(
        'SELECT name FROM image_references WHERE name >= ? AND name < ? '
        'ORDER BY name', (f'{repository}:', f'{repository};'))
    return [row['name'] for row in rows]


def add(connection: sqlite3.Connection, image_id: str, config: bytes,
        created: datetime.datetime,
        layers: Sequence[models.Layer], parent: str = '') -> bool:
    """Record an image; its layers and blobs are recorded already.

    :param parent: id of the image that it was committed from.

    :returns: False when the image is there already.
    """
    added = connection.execute(
        'INSERT INTO images (id, config, created_us, parent) '
        'VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        (image_id, config, _microseconds(created), parent)).rowcount
    if added:
        connection.executemany(
            'INSERT INTO image_layers (image_id, position, diff_id, blob) '
            'VALUES (?, ?, ?, ?)',
            [(image_id, position, layer.diff_id, layer.blob)
             for position, layer in enumerate(layers)])
    return bool(added)


def remove(connection: sqlite3.Connection, image_id: str) -> None:
    """Forget an image and its names.

    :raises sqlite3.IntegrityError: a container's record refers to it.
    """
    connection.execute('DELETE FROM images WHERE id = ?', (image_id,))


def set_reference(connection: sqlite3.Connection, name: str,
                  image_id: str) -> None:
    """Give a name to an image; another one that had it loses it."""
    connection.execute(
        'INSERT INTO image_references (name, image_id) VALUES (?, ?) '
        'ON CONFLICT (name) DO UPDATE SET image_id = excluded.image_id',
        (name, image_id))


def remove_reference(connection: sqlite3.Connection, name: str) -> None:
    """Forget a name; a missing one is fine."""
    connection.execute(
        'DELETE FROM image_references WHERE name = ?', (name,))


def add_layer(connection: sqlite3.Connection, layer: models.Layer,
              blob_bytes: int, boot: str) -> None:
    """Record a layer and its blob, as far as they are new.

    :param boot: see :func:`unsettled`.
    """
    connection.execute(
        'INSERT INTO layers (diff_id, size_bytes) VALUES (?, ?) '
        'ON CONFLICT DO NOTHING', (layer.diff_id, layer.size_bytes))
    connection.execute(
        'INSERT INTO blobs (digest, diff_id, size_bytes, boot) '
        'VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        (layer.blob, layer.diff_id, blob_bytes, boot))


def unsettled(connection: sqlite3.Connection,
              ) -> list[tuple[models.Layer, str]]:
    """Give the layers that may not be on the disk yet.

    :returns: each with the id of the boot in which it was written.
    """
    rows = connection.execute(
        'SELECT diff_id, digest, layers.size_bytes, boot FROM blobs '
        "JOIN layers USING (diff_id) WHERE boot <> ''")
    return [(models.Layer(*row[:3]), row['boot']) for row in rows]


def settle(connection: sqlite3.Connection,
           layers: Iterable[models.Layer]) -> None:
    """Record that layers and their blobs are on the disk."""
    connection.executemany(
        "UPDATE blobs SET boot = '' WHERE digest = ?",
        [(layer.blob,) for layer in layers])


def users_of_layer(connection: sqlite3.Connection,
                   diff_id: str) -> list[str]:
    """Give the ids of the images that have a layer."""
    rows = connection.execute(
        'SELECT DISTINCT image_id FROM image_layers WHERE diff_id = ?',
        (diff_id,))
    return [row['image_id'] for row in rows]


def has_layer(connection: sqlite3.Connection, diff_id: str) -> bool:
    """Tell whether a layer is recorded, and so is unpacked."""
    return connection.execute(
        'SELECT 1 FROM layers WHERE diff_id = ?',
        (diff_id,)).fetchone() is not None


def layer_of_blob(connection: sqlite3.Connection,
                  blob: str) -> models.Layer | None:
    """Give the unpacked layer of a blob that is stored."""
    row = connection.execute(
        'SELECT diff_id, digest, layers.size_bytes FROM blobs '
        'JOIN layers USING (diff_id) WHERE digest = ?', (blob,)).fetchone()
    return models.Layer(*row) if row else None


def blob_size(connection: sqlite3.Connection, blob: str) -> int:
    """Give the size of a recorded blob in bytes."""
    row = connection.execute(
        'SELECT size_bytes FROM blobs WHERE digest = ?', (blob,)).fetchone()
    return int(row['size_bytes'])


def remove_unused(connection: sqlite3.Connection,
                  layers: Iterable[models.Layer],
                  ) -> tuple[list[str], list[str]]:
    """Forget those layers and blobs that no image uses any more.

    :returns: the blobs' digests and the layers' diff_ids, whose files can
        go once the transaction holds.
    """
    layers = list(layers)
    blobs = [layer.blob for layer in layers if connection.execute(
        'DELETE FROM blobs WHERE digest = ? AND NOT EXISTS '
        '(SELECT 1 FROM image_layers WHERE blob = digest)',
        (layer.blob,)).rowcount]
    trees = [layer.diff_id for layer in layers if connection.execute(
        'DELETE FROM layers WHERE diff_id = :id '
        'AND NOT EXISTS (SELECT 1 FROM blobs WHERE diff_id = :id) '
        'AND NOT EXISTS (SELECT 1 FROM image_layers WHERE diff_id = :id)',
        {'id': layer.diff_id}).rowcount]
    return blobs, trees


def stored(connection: sqlite3.Connection) -> list[models.Layer]:
    """Give every recorded pair of layer and blob."""
    rows = connection.execute(
        'SELECT diff_id, digest, layers.size_bytes FROM blobs '
        'JOIN layers USING (diff_id)')
    return [models.Layer(*row) for row in rows]


def _images(connection: sqlite3.Connection, queries: tuple[str, str, str],
            values: tuple[str, ...]) -> list[models.Image]:
    """Read images in three queries, however many they are."""
    of_images, of_layers, of_names = queries
    rows = connection.execute(of_images, values).fetchall()
    layers: dict[str, list[models.Layer]] = {}
    for row in connection.execute(of_layers, values):
        layers.setdefault(row[0], []).append(models.Layer(*row[1:]))
    names: dict[str, list[str]] = {}
    for row in connection.execute(of_names, values):
        names.setdefault(row[0], []).append(row[1])
    return [models.Image(
        id=row['id'], config=json.loads(row['config']),
        layers=tuple(layers.get(row['id'], ())),
        references=tuple(names.get(row['id'], ())),
        created=_EPOCH + _MICROSECOND * row['created_us'],
        parent=row['parent'] or '')
        for row in rows]


def _microseconds(when: datetime.datetime) -> int:
    return (when - _EPOCH) // _MICROSECOND
