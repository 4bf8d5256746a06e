"""The daemon is killed at random moments while clients use it."""

import http.client
import json
import random
import threading
import time

from oslotest import base
from testtools import content

from tests import archives
from tests.functional import daemon

ROUNDS = 8
CLIENTS = 3
#: Enough for a create and a start; a kill can come anywhere in them.
LONGEST_S = 0.6

LOST = (OSError, http.client.HTTPException)


class Client(threading.Thread):
    """Makes, starts, stops and removes containers until it is cut off.

    ``sure`` says of each container what the daemon has answered for, as
    ``created``, ``held``, ``running``, ``exited`` or ``gone``; None while
    an answer is out.
    """

    def __init__(self, socket_path, seed):
        super().__init__()
        self._path = socket_path
        self._random = random.Random(seed)
        self.sure = {}
        self.faults = []

    def run(self):
        try:
            while True:
                self._life()
        except LOST:
            pass

    def _life(self):
        made = self._call('POST', '/containers/create', (201,))
        container_id = made['Id']
        self.sure[container_id] = 'created'
        steps = [('init', (204,), 'held'), ('start', (204,), 'running'),
                 ('stop?t=0', (204,), 'exited'),
                 ('start', (204,), 'running'),
                 ('restart?t=0', (204,), 'running')]
        if self._random.random() < 0.5:
            del steps[0]
        for verb, statuses, outcome in steps[:self._random.randint(1, 5)]:
            self.sure[container_id] = None
            self._call('POST', f'/containers/{container_id}/{verb}',
                       statuses)
            self.sure[container_id] = outcome
        if self._random.random() < 0.6:
            self.sure[container_id] = None
            self._call('DELETE', f'/containers/{container_id}?force=1&v=1',
                       (204,))
            self.sure[container_id] = 'gone'

    def _call(self, method, path, statuses):
        connection = daemon.Connection(self._path)
        try:
            body, headers = None, {}
            if path.endswith('/create'):
                body = ('{"Image": "busybox:test", '
                        '"Cmd": ["sleep", "100000"], '
                        '"Volumes": {"/etc": {}}, '
                        '"HostConfig": {"Binds": ["shared:/shared"]}}')
                headers = {'Content-Type': 'application/json'}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status not in statuses:
            self.faults.append(f'{method} {path}: {response.status} {text}')
            raise http.client.HTTPException(text)
        return json.loads(text) if text else None


class TestCrash(base.BaseTestCase):

    def test_nothing_is_lost_and_nothing_leaks(self):
        seed = int(time.time())
        self.addDetail('seed', content.text_content(str(seed)))
        chance = random.Random(seed)
        self.daemon = self.useFixture(daemon.Daemon())
        self.daemon.load(archives.busybox_image())
        sure, pids = {}, {}
        for number in range(ROUNDS):
            clients = [Client(self.daemon.socket_path, seed + number * 100 + n)
                       for n in range(CLIENTS)]
            for client in clients:
                client.start()
            time.sleep(chance.uniform(0.02, LONGEST_S))
            self.daemon.process.kill()
            self.daemon.process.wait()
            for client in clients:
                client.join()
                self.assertEqual([], client.faults)
                sure.update(client.sure)
            self.daemon.start()
            pids = self.check(sure, pids)
        self.check_removal()

    def check(self, sure, pids):
        """Hold what clients were told against what the daemon says now.

        :param pids: the processes there were after the last crash.
        :return: those that there are now.
        """
        listed = {one['Id']: one for one in self.daemon.json(
            'GET', '/containers/json?all=1')}
        now = {}
        for container_id, outcome in sure.items():
            if outcome == 'gone':
                self.assertNotIn(container_id, listed)
            elif outcome is not None:
                self.assertIn(container_id, listed)
        for container_id in listed:
            state = self.daemon.json(
                'GET', f'/containers/{container_id}/json')['State']
            outcome = sure.get(container_id)
            if outcome == 'running':
                self.assertTrue(state['Running'], state)
            elif outcome == 'held':
                self.assertGreater(state['Pid'], 0)
            elif outcome == 'exited':
                self.assertEqual(137, state['ExitCode'])
            if state['Pid']:
                self.assertEqual(state['Pid'],
                                 pids.get(container_id, state['Pid']))
                now[container_id] = state['Pid']
            # From here on the daemon has said so.
            sure[container_id] = (
                'running' if state['Running'] else
                'held' if state['Pid'] else None)
        return now

    def check_removal(self):
        """Remove everything, however a crash has left it."""
        for one in self.daemon.json('GET', '/containers/json?all=1'):
            status, body = self.daemon.request(
                'DELETE', f'/containers/{one["Id"]}?force=1&v=1')
            self.assertEqual(204, status, body)
        # Nameless volumes have gone with their containers, whatever happened.
        self.assertGreaterEqual({'shared'}, {
            one['Name'] for one in self.daemon.json(
                'GET', '/volumes')['Volumes']})
        self.assertEqual(
            [], list(self.daemon.run_root.glob('staging/*')))
        for path in (self.daemon.data_root / 'containers',
                     self.daemon.data_root / 'overlay',
                     self.daemon.run_root / 'bundles',
                     self.daemon.run_root / 'engine',
                     self.daemon.run_root / 'exits',
                     self.daemon.run_root / 'userns'):
            self.assertEqual([], list(path.iterdir()), path)
