"""Further processes in containers: ``/exec`` of the Docker Engine API.

Called by the CLI through :class:`novacontainer.client.Client`; calls
transport.
"""

from novacontainer.client import hijack
from novacontainer.client import transport


class Execs:
    """The execs of one runtime.

    Every method raises :class:`~novacontainer.client.exceptions.ClientError`
    subclasses by status: ``NotFound`` where there is no such container or
    exec, ``Conflict`` where the container does not run.
    """

    def __init__(self, connection: transport.Transport) -> None:
        self._transport = connection

    def create(self, container: str, body: transport.Json) -> str:
        """Write down what is to be run; nothing runs yet.

        :param container: name or id.
        :param body: ``Cmd``, ``Env``, ``User``, ``Tty``… (ContainerExec).
        :returns: the exec's id.
        """
        answer = self._transport.json(
            'POST', f'/containers/{container}/exec', body=body)
        return str(answer['Id'])

    def start(self, ident: str) -> None:
        """Run it and leave it alone."""
        self._transport.call(
            'POST', f'/exec/{ident}/start', body={'Detach': True})

    def join(self, ident: str, tty: bool,
             size: tuple[int, int] | None = None) -> hijack.Connection:
        """Run it and stay with its streams.

        :param tty: whether it was created with a terminal.
        :param size: rows and columns of the terminal to begin with.
        """
        body: transport.Json = {'Detach': False, 'Tty': tty}
        if size is not None:
            body['ConsoleSize'] = list(size)
        return self._transport.take_over(f'/exec/{ident}/start', body=body)

    def resize(self, ident: str, rows: int, columns: int) -> None:
        """Set the size of its terminal, in characters."""
        self._transport.call('POST', f'/exec/{ident}/resize',
                             params={'h': rows, 'w': columns})

    def document(self, ident: str) -> transport.Json:
        """Look one up: ``Running``, ``ExitCode``, ``ProcessConfig``…"""
        document: transport.Json = self._transport.json(
            'GET', f'/exec/{ident}/json')
        return document
