import pathlib
import subprocess
import sys

from oslotest import base

from novacontainer import client


#: Five calls of 0.3 s at once, in green threads and to a green server.
GREEN = """
import eventlet
eventlet.monkey_patch()
import threading
from novacontainer import client
from tests.unit.client import endpoint

# Nobody is answered before all of them have asked.
together = threading.Barrier(5)
slow = endpoint.Answer(b'{"n": 1}', before=lambda: together.wait(60))
answers = []
with endpoint.Endpoint(*[slow] * 5) as served:
    ours = client.Client(served.path)
    threads = [threading.Thread(
        target=lambda: answers.append(ours.system.info()))
        for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(answers))
"""


class ClientTestCase(base.BaseTestCase):

    def test_making_one_touches_nothing(self):
        made = client.Client('/nonexistent/socket')
        self.assertEqual(
            {'containers', 'devices', 'events', 'execs', 'files',
             'housekeeping', 'images', 'networks', 'system', 'usage',
             'volumes'},
            set(vars(made)))

    def test_imports_neither_nova_nor_oslo_nor_eventlet(self):
        script = (
            'import sys, novacontainer.client\n'
            'print({name.partition(".")[0] for name in sys.modules}\n'
            '      & {"nova", "oslo_config", "oslo_log", "eventlet"})')
        done = subprocess.run([sys.executable, '-c', script], check=True,
                              capture_output=True, text=True)
        self.assertEqual('set()', done.stdout.strip())

    def test_works_under_eventlet(self):
        """As nova-compute before 2026.2 runs it."""
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c', GREEN], check=True,
            capture_output=True, text=True,
            cwd=pathlib.Path(__file__).parents[3])
        self.assertEqual('5', done.stdout.strip())
