import subprocess
import sys

from oslotest import base

from novacontainer import client


class ClientTestCase(base.BaseTestCase):

    def test_making_one_touches_nothing(self):
        made = client.Client('/nonexistent/socket')
        self.assertEqual(
            {'containers', 'events', 'images', 'system'}, set(vars(made)))

    def test_imports_neither_nova_nor_oslo_nor_eventlet(self):
        script = (
            'import sys, novacontainer.client\n'
            'print({name.partition(".")[0] for name in sys.modules}\n'
            '      & {"nova", "oslo_config", "oslo_log", "eventlet"})')
        done = subprocess.run([sys.executable, '-c', script], check=True,
                              capture_output=True, text=True)
        self.assertEqual('set()', done.stdout.strip())
