"""What the runtime expects of a container engine: the ``Engine`` protocol.

Called by ``service.containers``, ``service.recovery``; implemented by
``engine.supervised``.  ``tests/contract/engine.py`` is what every
implementation has to pass, the tests' fake included.
"""

import typing

from novacontainer.runtime import models


class Engine(typing.Protocol):
    """Makes, starts, signals and removes containers.

    A container is known by its id.  Everything the engine knows of it
    outlives this process: another engine over the same run root answers the
    same.
    """

    name: str
    version: str

    def create(self, bundle: models.Bundle) -> models.Created:
        """Make a container whose process is held before its first step.

        :raises Conflict: it exists already.
        :raises InvalidRequest: the image lacks the command
            (``container.command_not_found``) or it may not be run
            (``container.command_not_executable``).
        :raises Internal: the OCI runtime failed; its words are the message.
            Nothing is left behind after any of these.
        """

    def start(self, container_id: str) -> None:
        """Let the held process run.

        :raises NotFound: there is no such container.
        :raises Conflict: its process is not held (any more).
        """

    def started(self, container_id: str) -> bool:
        """Whether its first process is there, and not held any more.

        It asks the OCI runtime, which takes its time.

        :raises Internal: the OCI runtime failed; its words are the message.
        """

    def kill(self, container_id: str, signal: int,
             all: bool = False) -> None:
        """Send a signal to the first process, or to every one.

        :raises NotFound: there is no such container.
        :raises Conflict: its first process has gone.
        :raises InvalidRequest: there is no such signal.
        """

    def pause(self, container_id: str) -> None:
        """Freeze every process; they are frozen when this returns.

        :raises NotFound: there is no such container.
        :raises Conflict: its first process has gone.
        """

    def reclaim(self, container_id: str) -> int:
        """Have the kernel take back memory that need not be in RAM.

        Clean pages of files are dropped, the rest goes to swap where there
        is any.  It stops after a while, however much is left.

        :return: bytes that it uses less.
        :raises NotFound, Conflict: as :meth:`pause`.
        :raises NotSupported: this kernel does not do that.
        """

    def resume(self, container_id: str) -> None:
        """Undo :meth:`pause`; raises as it does."""

    def update(self, container_id: str, resources: models.Json) -> None:
        """Change limits of a container, held or running.

        :param resources: ``linux.resources`` of the runtime-spec; what is
            not said stays as it is.
        :raises NotFound, Conflict: as :meth:`pause`.
        :raises Internal: the kernel refuses one; others may be changed.
        """

    def delete(self, container_id: str, force: bool = False) -> None:
        """Remove what the kernel and the OCI runtime hold of a container.

        Its monitor has ended, and the exit code is known, when this
        returns.  Fine when there is nothing of it.

        :param force: kill what still runs in it, frozen or not.
        :raises Conflict: it runs, and ``force`` was not asked for.
        """

    def pid(self, container_id: str) -> int | None:
        """Return the host pid of the first process, None when it is gone."""

    def exit_code(self, container_id: str) -> int | None:
        """Return how the process ended, 128 + N for signal N.

        None when it has not ended, or when nobody saw how: the monitor was
        killed.
        """

    def forget(self, container_id: str) -> None:
        """Delete the exit code and all files that the engine made."""

    def attach(self, container_id: str) -> models.Attachment:
        """Connect to the streams of the first process, held or running.

        :raises NotFound: there is no such container.
        :raises Conflict: its first process has gone.
        :raises Internal: its monitor does not answer.
        """

    def resize(self, container_id: str, rows: int, columns: int) -> None:
        """Set the size of the first process's terminal, if it has one.

        :raises InvalidRequest: no terminal has that size.
        :raises NotFound, Conflict: as :meth:`attach`.
        """

    def execute(self, execution: models.Execution) -> models.Executed:
        """Run a further process; attached before it writes anything.

        :raises NotFound, Conflict: as :meth:`attach`.
        :raises InvalidRequest: the command is not there
            (``container.command_not_found``) or may not be run
            (``container.command_not_executable``).
        :raises Internal: the OCI runtime failed; its words are the message.
            Nothing is left behind after any of these.
        """

    def exec_exit_code(self, container_id: str, exec_id: str) -> int | None:
        """Return how a further process ended, as :meth:`exit_code` does."""

    def resize_exec(self, container_id: str, exec_id: str, rows: int,
                    columns: int) -> None:
        """Set the size of its terminal, which it has.

        :raises InvalidRequest: no terminal has that size.
        :raises Conflict: it has ended.
        """

    def forget_exec(self, container_id: str, exec_id: str) -> None:
        """Delete its exit code and all files that the engine made of it.

        :meth:`forget` of the container does the same for all.
        """
