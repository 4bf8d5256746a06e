"""Take names off images, and images off the host, by Docker's rules.

Called by ``service.images``; calls the catalog.  A name given removes that
name, and the image with its last one.  An id given removes the image with
its names, if they are of one repository or force is given.  An image that a
container uses stays, forced or not: it is the container's root file system.
"""

from collections.abc import Callable
from collections.abc import Sequence
import sqlite3

from novacontainer.runtime import exception
from novacontainer.runtime.image import reference
from novacontainer.runtime import models
from novacontainer.runtime.service import image_catalog
from novacontainer.runtime.store import images

_SHORT = 12


class Remover:
    """One removal.

    :param in_use: gives the ids of the containers that use an image.
    """

    def __init__(self, catalog: image_catalog.Catalog,
                 in_use: Callable[[str], Sequence[str]]) -> None:
        self._catalog = catalog
        self._in_use = in_use

    def run(self, image: models.Image, name: str, *,
            force: bool) -> list[models.Json]:
        """Remove; see ``ImageService.remove``."""
        users = self._in_use(image.id)
        given = self._given_reference(image, name)
        if given is None:
            self._check_by_id(image, users, force=force)
            names: Sequence[str] = image.references
        else:
            if users and not force and len(image.references) == 1:
                raise exception.Conflict(
                    'conflict: unable to remove repository reference '
                    f'"{name}" (must force) - container '
                    f'{users[0][:_SHORT]} is using its referenced image '
                    f'{_short(image.id)}', 'image.in_use')
            names = (given,)
        kept = len(image.references) > len(names) or bool(users)
        return self._remove(image, names, kept=kept)

    @staticmethod
    def _given_reference(image: models.Image, name: str) -> str | None:
        """Give the name that the caller meant; None: it gave an id."""
        if name in image.references:
            return name
        try:
            text = str(reference.parse(name))
        except exception.InvalidRequest:
            return None
        return text if text in image.references else None

    @staticmethod
    def _check_by_id(image: models.Image, users: Sequence[str], *,
                     force: bool) -> None:
        if users:
            raise exception.Conflict(
                f'conflict: unable to delete {_short(image.id)} (cannot be '
                'forced) - image is being used by container '
                f'{users[0][:_SHORT]}', 'image.in_use')
        repositories = {reference.parse(text).repository
                        for text in image.references}
        if len(repositories) > 1 and not force:
            raise exception.Conflict(
                f'conflict: unable to delete {_short(image.id)} (must be '
                'forced) - image is referenced in multiple repositories',
                'image.several_references')

    def _remove(self, image: models.Image, names: Sequence[str], *,
                kept: bool) -> list[models.Json]:
        try:
            with self._catalog.changing() as connection:
                current = image_catalog.find(connection, image.id)
                names = [name for name in names
                         if name in current.references]
                for name in names:
                    images.remove_reference(connection, name)
                # Another thread may have given it a name meanwhile.
                kept = kept or len(current.references) > len(names)
                if not kept:
                    images.remove(connection, image.id)
        except sqlite3.IntegrityError as error:
            raise exception.Conflict(
                f'conflict: unable to delete {_short(image.id)} (cannot be '
                'forced) - image is being used by a container',
                'image.in_use') from error
        records: list[models.Json] = [{'Untagged': name} for name in names]
        for name in names:
            self._catalog.announce('untag', image, name)
        if not kept:
            self._catalog.announce('delete', image)
            records.append({'Deleted': image.id})
            records += [{'Deleted': diff_id} for diff_id in
                        self._catalog.collect(image.layers)]
        return records


def _short(image_id: str) -> str:
    return image_id.removeprefix('sha256:')[:_SHORT]
