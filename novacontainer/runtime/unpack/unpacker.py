"""The daemon's side of the unpack child: start it, feed it, hear it out.

Called by the image services; calls ``unpack.child`` in a process of its own.
A child dies with the thread that started it, so that thread waits for it.
"""

from collections.abc import Iterable, Sequence
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import typing

import novacontainer
from novacontainer.runtime import deltas
from novacontainer.runtime import exception
from novacontainer.runtime.image import chunks
from novacontainer.runtime.image import compression
from novacontainer.runtime.image import limits as image_limits
from novacontainer.runtime.image import whiteout
from novacontainer.runtime import models
from novacontainer.runtime.unpack import child
from novacontainer.runtime.unpack import follow
from novacontainer.runtime.unpack import select

#: -I and -S spare the child the site packages, and the environment a say.
_START = ('import sys; sys.path[:0] = sys.argv[1].split(":"); '
          'from novacontainer.runtime.unpack import child; '
          'sys.exit(child.main(sys.argv[2:]))')
_KINDS: dict[str, type[exception.RuntimeFault]] = {
    kind.__name__: kind for kind in (
        exception.InvalidRequest, exception.Unavailable,
        exception.NotFound, exception.NotSupported, exception.Internal)}
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ERROR_TEXT_BYTES = 2000


class Applied(typing.NamedTuple):
    """What became of a layer.

    :param diff_id: digest of the uncompressed tar; '' when the layer was
        not compressed, as it is the blob's digest then.
    :param size_bytes: sum of the file sizes.
    """

    diff_id: str
    size_bytes: int


class Application:
    """A child that applies a blob, which may still grow, to a tree."""

    def __init__(self, blob: pathlib.Path, tree: pathlib.Path, kind: str,
                 limits: image_limits.Limits, need_end: bool) -> None:
        self._tree = tree
        control, self._control = os.pipe2(os.O_CLOEXEC)
        # A full pipe says enough; the writer never waits for the child.
        os.set_blocking(self._control, False)
        try:
            with open(blob, 'rb') as source:
                self._process = _start(
                    child.APPLY, tree, control, limits,
                    [kind, '1' if need_end else '0'], kind, stdin=source,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except BaseException:
            os.close(self._control)
            raise
        finally:
            os.close(control)

    def advance(self) -> bool:
        """Say that the blob has grown; False: the child has ended."""
        return self._tell(follow.MORE)

    def finish(self) -> None:
        """Say that the blob is complete."""
        os.set_blocking(self._control, True)
        self._tell(follow.END)

    def result(self) -> Applied:
        """Wait for the child.

        :raises RuntimeFault: what the child raised.
        :raises Internal: the child died.
        """
        output, errors = self._process.communicate()
        fields = _report(self._process, output, errors)
        for path in fields[5:]:
            self._make_opaque(path)
        return Applied(fields[4].decode(), int(fields[1]))

    def close(self) -> None:
        """End the child, whatever it does, and release everything."""
        if self._control >= 0:
            os.close(self._control)
            self._control = -1
        _end(self._process)

    def _tell(self, sign: bytes) -> bool:
        try:
            os.write(self._control, sign)
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        return True

    def _make_opaque(self, path: bytes) -> None:
        """Set the attribute that takes a privilege the child has not."""
        handle = os.open(self._tree, _DIRECTORY)
        try:
            # One descriptor at a time: the path can have 2000 parts.
            for part in filter(None, path.split(b'/')):
                below = os.open(part, _DIRECTORY, dir_fd=handle)
                os.close(handle)
                handle = below
            os.setxattr(handle, whiteout.OPAQUE_ATTRIBUTE,
                        whiteout.OPAQUE_VALUE)
        finally:
            os.close(handle)


class Production:
    """A child that writes a tar; read() gives its bytes."""

    def __init__(self, process: 'subprocess.Popen[bytes]') -> None:
        self._process = process

    def read(self, size: int) -> bytes:
        """Read up to ``size`` bytes of the tar; b'' at its end."""
        assert self._process.stdout is not None
        return os.read(self._process.stdout.fileno(), size)

    def finish(self) -> None:
        """Wait for the child after its last byte.

        :raises RuntimeFault: the tar is not complete, and why.
        """
        _, errors = self._process.communicate()
        _report(self._process, errors, errors)

    def close(self) -> None:
        """End the child, whatever it does, and release everything."""
        _end(self._process)


class Extraction:
    """A child that puts what it is fed into a container's root."""

    def __init__(self, process: 'subprocess.Popen[bytes]') -> None:
        self._process = process

    def write(self, data: bytes) -> bool:
        """Feed it; False: it has ended, see :meth:`finish`."""
        assert self._process.stdin is not None
        try:
            chunks.write_all(self._process.stdin.fileno(), data)
        except BrokenPipeError:
            return False
        return True

    def finish(self) -> None:
        """Say that this was all, and wait.

        :raises RuntimeFault: not all of it could be put there, and why.
        """
        output, errors = self._process.communicate()
        _report(self._process, output, errors)

    def close(self) -> None:
        """End the child, whatever it does, and release everything."""
        _end(self._process)


class Unpacker:
    """Starts children; the seam that tests replace."""

    def apply(self, blob: pathlib.Path, tree: pathlib.Path, kind: str,
              limits: image_limits.Limits, *,
              need_end: bool = False) -> Application:
        """Begin to apply ``blob``, compressed as ``kind``, to ``tree``.

        :param need_end: refuse a tar that has no end marker.
        """
        return Application(blob, tree, kind, limits, need_end)

    def produce(self, delta: deltas.Delta,
                limits: image_limits.Limits) -> Production:
        """Begin to write what a container changed as the tar of a layer."""
        ids = delta.id_map or models.IdMap(0)
        with contextlib.ExitStack() as stack:
            mode, chosen = child.PRODUCE, subprocess.DEVNULL
            if delta.changes is not None:
                file = stack.enter_context(tempfile.TemporaryFile())
                file.writelines(select.records(delta.changes))
                file.seek(0)
                mode, chosen = child.SELECT, file.fileno()
            return Production(_start(
                mode, delta.tree, -1, limits,
                [str(ids.host_base), str(ids.size)], compression.PLAIN,
                stdin=chosen, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE))

    def pack(self, place: models.Inside, path: str, name: str,
             limits: image_limits.Limits, *,
             volumes: Iterable[str] = ()) -> Production:
        """Begin to write a path of a container's root as a tar.

        :param path: as the container sees it.
        :param name: what it is called in the tar; '' leaves itself out.
        :param volumes: what is mounted there belongs to it.
        """
        return Production(_start(
            child.PACK, place.root, -1, limits,
            [str(place.user_namespace), path, name, *volumes],
            compression.PLAIN,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, pass_fds=place.descriptors))

    def extract(self, place: models.Inside, path: str, kind: str,
                limits: image_limits.Limits, *,
                owner: models.User | None,
                keep_kinds: bool) -> Extraction:
        """Begin to put a tar into a directory of a container's root.

        :param kind: how the tar is compressed.
        :param owner: whose everything becomes; None: as the tar says.
        :param keep_kinds: never replace a directory by something else.
        """
        ids = (owner.uid, owner.gid) if owner else (-1, -1)
        return Extraction(_start(
            child.EXTRACT, place.root, -1, limits,
            [str(place.user_namespace), path, kind, *map(str, ids),
             str(int(keep_kinds))], kind,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, pass_fds=place.descriptors))


def _start(mode: str, tree: pathlib.Path | int, control: int,
           limits: image_limits.Limits, rest: list[str], kind: str,
           pass_fds: Sequence[int] = (),
           **streams: typing.Any) -> 'subprocess.Popen[bytes]':
    arguments = [
        mode, str(os.getpid()), str(tree), str(control),
        str(limits.layer_bytes), str(limits.layer_entries), *rest]
    return subprocess.Popen(
        [sys.executable, '-I', '-S', '-c', _START, ':'.join(_paths(kind)),
         *arguments],
        pass_fds=[control] if control >= 0 else pass_fds, cwd='/', env={},
        **streams)


def _paths(kind: str) -> list[str]:
    """Give the directories from which the child imports."""
    paths = [str(pathlib.Path(novacontainer.__path__[0]).parent)]
    if kind == compression.ZSTD:
        import zstandard  # here, because it is seldom needed and large
        paths.append(str(pathlib.Path(zstandard.__path__[0]).parent))
    return paths


def _report(process: 'subprocess.Popen[bytes]', output: bytes,
            errors: bytes) -> list[bytes]:
    fields = output.split(b'\0')
    if process.returncode == 0 and fields[0] == b'ok':
        return fields
    if process.returncode == 0 and fields[0] == b'error':
        kind, code, message = (
            field.decode('utf-8', 'replace') for field in fields[1:])
        raise _KINDS.get(kind, exception.Internal)(message, code)
    text = errors[-_ERROR_TEXT_BYTES:].decode('utf-8', 'replace').strip()
    raise exception.Internal(
        f'the unpack process died with status {process.returncode}: '
        f'{text or "it said nothing"}', 'image.unpacker_died')


def _end(process: 'subprocess.Popen[bytes]') -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
