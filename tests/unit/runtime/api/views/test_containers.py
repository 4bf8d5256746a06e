import dataclasses
import datetime
import pathlib

from oslotest import base

from novacontainer.runtime.api.views import containers
from novacontainer.runtime import models
from tests.unit.runtime.api import fakes

PLACES = models.Places(
    pathlib.Path('/log'),
    {'hostname': '/n', 'hosts': '/h', 'resolv.conf': ''},
    {'UpperDir': '/upper'})
AROUND = containers.Surroundings('overlay', '/run/netns/nc-1', PLACES)
LATER = fakes.NOW + datetime.timedelta(minutes=5)


def container(**changes):
    return dataclasses.replace(fakes.CONTAINER, **changes)


class ContainersViewTest(base.BaseTestCase):

    def test_status_text(self):
        for status, words in (
                (models.Status.CREATED, 'Created'),
                (models.Status.RUNNING, 'Up 5 minutes'),
                (models.Status.PAUSED, 'Up 5 minutes (Paused)'),
                (models.Status.RESTARTING, 'Restarting (3) 5 minutes ago'),
                (models.Status.EXITED, 'Exited (3) 5 minutes ago'),
                (models.Status.REMOVING, 'Removal In Progress'),
                (models.Status.DEAD, 'Dead')):
            self.assertEqual(words, containers.status_text(
                container(status=status, started=fakes.NOW,
                          finished=fakes.NOW, exit_code=3), LATER))

    def test_running_states(self):
        for status in models.Status:
            shown = containers.state(container(status=status))
            self.assertEqual(
                status in ('running', 'paused', 'restarting'),
                shown['Running'])
            self.assertEqual(status, shown['Status'])

    def test_path_and_arguments(self):
        shown = containers.inspect(container(config={
            'Entrypoint': ['/entry'], 'Cmd': ['a', 'b']}), AROUND)
        self.assertEqual(('/entry', ['a', 'b']),
                         (shown['Path'], shown['Args']))
        shown = containers.inspect(container(config={}), AROUND)
        self.assertEqual(('', []), (shown['Path'], shown['Args']))

    def test_words_with_spaces_are_quoted(self):
        for command, expected in (
                (['sh', '-c', 'echo a b'], "sh -c 'echo a b'"),
                (['one word'], 'one word'), ([], '')):
            shown = containers.summary(
                container(config={'Cmd': command}), LATER)
            self.assertEqual(expected, shown['Command'])

    def test_every_member_that_docker_has(self):
        shown = containers.inspect(container(), AROUND)
        for name in ('Id', 'Created', 'Path', 'Args', 'State', 'Image',
                     'ResolvConfPath', 'HostnamePath', 'HostsPath',
                     'LogPath', 'Name', 'RestartCount', 'Driver', 'Platform',
                     'MountLabel', 'ProcessLabel', 'AppArmorProfile',
                     'ExecIDs', 'HostConfig', 'GraphDriver', 'Mounts',
                     'Config', 'NetworkSettings'):
            self.assertIn(name, shown)

    def test_places(self):
        shown = containers.inspect(container(), AROUND)
        self.assertEqual(
            ('/log', '/n', '/h', '',
             {'Name': 'overlay', 'Data': {'UpperDir': '/upper'}}),
            (shown['LogPath'], shown['HostnamePath'], shown['HostsPath'],
             shown['ResolvConfPath'], shown['GraphDriver']))

    def test_mounts(self):
        shown = [{'Type': 'bind'}]
        self.assertEqual(shown, containers.inspect(
            container(), dataclasses.replace(AROUND, mounts=shown),
        )['Mounts'])
        self.assertEqual(shown, containers.summary(
            container(), fakes.NOW, mounts=shown)['Mounts'])
