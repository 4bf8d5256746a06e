"""Streams and further processes of the fake engine.

Used by ``tests.contract.fake_engine``.  A script's ``echo WORDS`` goes to
who is attached, ``cat`` gives back what it is sent until that ends.
"""

import os
import re
import socket
import threading

from novacontainer.runtime import exception
from novacontainer.runtime import models

_EXIT = re.compile(r'exit (\d+)$')
_ECHO = re.compile(r'echo ([^;]+);')


class FakeStreams:
    """One process's streams: any number of attached clients."""

    def __init__(self, args, input_ends):
        self._args = args
        self._input_ends = input_ends
        self._lock = threading.Lock()
        self._clients = []
        self._ended = threading.Event()
        self._process = os.pipe()
        self.sizes = []
        self.on_exit = lambda code: None

    def attach(self):
        """Return the attachment of a new client."""
        theirs, ours = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with self._lock:
            if self._ended.is_set():
                ours.close()
                theirs.close()
                raise exception.Conflict(
                    'It is not running.', 'container.not_running')
            self._clients.append(ours)
            process = os.dup(self._process[0])
        if self._args[-1].endswith('cat'):
            threading.Thread(
                target=self._give_back, args=(ours,), daemon=True).start()
        return models.Attachment(theirs, process)

    def run(self):
        """Do what the command says; return its exit code, None: it runs."""
        script = ' '.join(self._args)
        if match := _ECHO.search(script):
            self.write(f'{match.group(1)}\n'.encode())
        if match := _EXIT.search(script):
            return int(match.group(1))
        return None

    def write(self, data, stream=2):
        """Let the process write."""
        with self._lock:
            for client in self._clients:
                try:
                    client.send(bytes([stream]) + data)
                except BrokenPipeError:
                    pass

    def end(self):
        """Let the process have ended; can be done again."""
        with self._lock:
            # By one thread only: once closed, the numbers of these
            # descriptors are those of other files.
            if self._ended.is_set():
                return
            self._ended.set()
            for client in self._clients:
                client.shutdown(socket.SHUT_RDWR)
                client.close()
            self._clients.clear()
            os.close(self._process[1])
            os.close(self._process[0])

    def _give_back(self, client):
        try:
            while data := client.recv(65536):
                self.write(data)
        except OSError:
            return
        if self._input_ends and not self._ended.is_set():
            self.on_exit(0)


def check_command(command):
    """Refuse what the fake image does not have."""
    if command.lstrip('/').startswith('no'):
        raise exception.InvalidRequest(
            f'The command {command!r} was not found in the image.',
            'container.command_not_found')
    if command.startswith('/etc'):
        raise exception.InvalidRequest(
            f'The command {command!r} cannot be executed.',
            'container.command_not_executable')


class FakeExecs:
    """Mixed into the fake engine: what it does beside containers."""

    def attach(self, container_id):
        self._called('attach', container_id)
        return self._running(container_id).streams.attach()

    def resize(self, container_id, rows, columns):
        self._called('resize', container_id, rows, columns)
        self._running(container_id).streams.sizes.append((rows, columns))

    def execute(self, execution):
        self._called('execute', execution)
        container = self._running(execution.container_id)
        args = execution.process['args']
        check_command(args[0])
        streams = FakeStreams(args, True)
        key = execution.container_id, execution.id
        streams.on_exit = lambda code: self.finish_exec(*key, code)
        container.execs[execution.id] = streams
        attachment = streams.attach()
        executed = models.Executed(
            next(self.state.pids), next(self.state.pids), 1, attachment)
        code = streams.run()
        if args[-1].endswith('cat') and not execution.stdin_open:
            code = 0
        if code is not None:
            self.finish_exec(*key, code)
        return executed

    def exec_exit_code(self, container_id, exec_id):
        return self.state.exec_exits.get((container_id, exec_id))

    def resize_exec(self, container_id, exec_id, rows, columns):
        self._called('resize_exec', container_id, exec_id, rows, columns)
        container = self.state.containers.get(container_id)
        if container is None or exec_id not in container.execs:
            raise exception.Conflict(
                'It is not running.', 'container.not_running')
        container.execs[exec_id].sizes.append((rows, columns))

    def forget_exec(self, container_id, exec_id):
        self._called('forget_exec', container_id, exec_id)
        self.state.exec_exits.pop((container_id, exec_id), None)

    def finish_exec(self, container_id, exec_id, exit_code):
        """Let a further process end."""
        container = self.state.containers[container_id]
        streams = container.execs.pop(exec_id, None)
        if streams is not None:
            self.state.exec_exits[container_id, exec_id] = exit_code
            streams.end()

    def _finish_execs(self, container_id, exit_code):
        container = self.state.containers.get(container_id)
        for exec_id in list(container.execs if container else ()):
            self.finish_exec(container_id, exec_id, exit_code)

    def _forget_execs(self, container_id):
        for key in [key for key in self.state.exec_exits
                    if key[0] == container_id]:
            del self.state.exec_exits[key]
