"""A daemon that is killed while Nova has it do something, and comes back.

Used by the tests of the driver inside Nova's services.  The daemon is a
process of its own, and SIGKILL ends it: before a request of an operation is
sent, at any time while it serves it, or when all is done and only the answer
is lost.  Another one is started over the same directories: at once, so that
it serves what the driver asks next and what it takes back, or when Nova is
done with the operation, so that all of that fails as well.
"""

import contextlib
import itertools
import os
import random
import threading
import typing

from novacontainer.client import exceptions
from novacontainer.client import transport
from tests.functional import recovery

_EVERY = bool(os.environ.get('NOVACONTAINER_EVERY_STEP'))
_STREAM = 'novacontainer.client.transport.Transport.stream'
#: A request that changes something takes about as long.
_MIDWAY_S = 0.05


class Death(typing.NamedTuple):
    """How it dies: in which request that counts, when, until when."""

    request: int
    moment: str
    at_once: bool


#: In turn, for one request after the other.
_WAYS = (('midway', False), ('answer lost', True), ('before', False),
         ('midway', True), ('answer lost', False), ('before', True))


def deaths(turns=1):
    """Each request, once a turn: an endless list of deaths for each turn.

    :param turns: how many; all ways that there are with
        ``NOVACONTAINER_EVERY_STEP=1``.
    """
    for turn in range(len(_WAYS) if _EVERY else turns):
        yield (Death(request, *_WAYS[(request + turn) % len(_WAYS)])
               for request in itertools.count())


class MortalDaemonTestCase(recovery.RecoveryCase):
    """Tests in which the daemon dies."""

    #: What is counted: requests that change something.
    methods = frozenset(('POST', 'PUT', 'DELETE'))

    def setUp(self):
        super().setUp()
        #: What is to come, and how many requests later.
        self._death = None
        self._left = 0
        self._killer = None
        stream = transport.Transport.stream

        def send(connection, method, path, **kwargs):
            if self._comes(method, path):
                return self._die_in(lambda: stream(
                    connection, method, path, **kwargs))
            return stream(connection, method, path, **kwargs)

        self.stub_out(_STREAM, send)

    def _comes(self, method, path):
        if (self._death is None or method not in self.methods
                or path == '/events'):
            return False
        self._left -= 1
        return self._left < 0

    def _die_in(self, send):
        """Have the daemon die in a request, and wait for its answer."""
        death, self._death = self._death, None
        self._killer = threading.Thread(target=self._kill, args=(death,))
        if death.moment == 'midway':
            self._killer.start()
            return send()
        if death.moment == 'before':
            self._killer.start()
            self._killer.join()
            return send()
        # A refusal is an answer too, and a short wait has none.
        with contextlib.suppress(exceptions.ClientError):
            with send() as download:
                download.read()
        self._killer.start()
        self._killer.join()
        raise exceptions.ConnectionFailed(
            'The connection broke before the answer.')

    def _kill(self, death):
        if death.moment == 'midway':
            # Whether its work is done by then is as it may be.
            threading.Event().wait(random.uniform(0, _MIDWAY_S))
        self.host.daemon.kill()
        if death.at_once:
            self.host.daemon.start()

    def dies(self, death, ask, done):
        """Have the daemon die, and be there again.

        :param ask: asks Nova's API for the operation.
        :param done: whether Nova works on it no more.
        :returns: False when the operation had fewer requests, and is done.
        """
        self._killer = None
        self._left = death.request
        self._death = death
        caller, answers = recovery.asking(ask)
        self.wait_for(lambda: not caller.is_alive() and done(),
                      timeout_s=60)
        self._death = None
        if self._killer is None:
            self.assertEqual([None], answers)
            return False
        self._killer.join()
        if not death.at_once:
            self.host.daemon.start()
        return True
