import json
import urllib.parse

from tests.unit.cli import command

_NOTHING = command.answer({'SpaceReclaimed': 0})
_CONTAINERS = command.answer({'ContainersDeleted': ['f00'],
                              'SpaceReclaimed': 1000})
_IMAGES = command.answer({'ImagesDeleted': [{'Deleted': 'sha256:1'}],
                          'SpaceReclaimed': 2000})
_USAGE = {
    'LayersSize': 1000,
    'Images': [
        {'Id': 'sha256:1', 'RepoTags': ['a:b'], 'Size': 700,
         'SharedSize': 100, 'Containers': 2},
        {'Id': 'sha256:2', 'RepoTags': None, 'Size': 400, 'SharedSize': 100,
         'Containers': 0}],
    'Containers': [
        {'Id': 'f00', 'Names': ['/web'], 'Image': 'a:b', 'SizeRw': 30,
         'State': 'running', 'Status': 'Up'},
        {'Id': 'f01', 'Names': [], 'Image': 'a:b', 'SizeRw': 70,
         'State': 'exited', 'Status': 'Exited'}],
    'Volumes': [{'Name': 'v', 'UsageData': {'Size': 5, 'RefCount': 0}}],
}


class HousekeepingTestCase(command.CommandTestCase):

    def test_prune(self):
        ended = self.run_command(['prune'], _CONTAINERS, _NOTHING, _IMAGES,
                                 data=b'y\n')
        self.assertEqual(
            ['Removed containers:', '  f00', 'Removed images:',
             '  Deleted: sha256:1', 'Total reclaimed space: 3kB'],
            ended.output.splitlines())
        self.assertIn('all containers that do not run', ended.errors)
        self.assertNotIn('volumes', ended.errors)
        self.assertEqual(
            ['POST /containers/prune', 'POST /networks/prune',
             'POST /images/prune'], self.paths())

    def test_prune_is_not_wanted(self):
        for data in (b'n\n', b'', b'\n'):
            ended = self.run_command(['prune'], data=data)
            self.assertEqual((1, [], ''),
                             (ended.code, self.requests, ended.output))
            self.assertIn('Nothing was removed', ended.errors)

    def test_prune_everything(self):
        ended = self.run_command(
            ['prune', '-af', '--format', 'json', 'all'],
            _CONTAINERS, _NOTHING, _NOTHING, _IMAGES)
        self.assertEqual(
            {'containers': ['f00'], 'networks': [], 'volumes': [],
             'images': ['Deleted: sha256:1'], 'SpaceReclaimed': 3000},
            json.loads(ended.output))
        self.assertEqual('', ended.errors)
        asked = list(map(urllib.parse.unquote_plus, self.paths()))
        self.assertEqual(
            ['POST /volumes/prune?filters={"all": ["true"]}',
             'POST /images/prune?filters={"dangling": ["false"]}'],
            asked[2:])

    def test_prune_one_kind(self):
        ended = self.run_command(
            ['prune', '-f', '--filter', 'until=1h', 'containers'],
            _CONTAINERS)
        self.assertEqual(0, ended.code)
        self.assertEqual(
            ['POST /containers/prune?filters={"until": ["1h"]}'],
            list(map(urllib.parse.unquote_plus, self.paths())))

    def test_what_is_asked_says_what_goes(self):
        ended = self.run_command(['prune', '-a', 'volumes'], data=b'n\n')
        self.assertIn('removes all volumes that no', ended.errors)
        ended = self.run_command(['prune', 'volumes'], data=b'n\n')
        self.assertIn('removes all nameless volumes', ended.errors)

    def test_disk_usage(self):
        ended = self.run_command(['system', 'df'], command.answer(_USAGE))
        rows = [line.split() for line in ended.output.splitlines()]
        self.assertEqual(
            [['Images', '2', '1', '1kB', '400B', '(40%)'],
             ['Containers', '2', '1', '100B', '70B', '(70%)'],
             ['Volumes', '1', '0', '5B', '5B', '(100%)']], rows[1:])

    def test_disk_usage_of_each(self):
        ended = self.run_command(['system', 'df', '-v'],
                                 command.answer(_USAGE))
        for line in ('a:b', 'sha256:2', 'web', 'f01', 'v'):
            self.assertIn(f'\n{line} ', ended.output)

    def test_disk_usage_for_machines(self):
        ended = self.run_command(['system', 'df', '-f', 'json'],
                                 command.answer(_USAGE))
        self.assertEqual(_USAGE, json.loads(ended.output))

    def test_nothing_takes_the_disk(self):
        ended = self.run_command(['system', 'df'], command.answer({}))
        self.assertEqual(['Images', '0', '0', '0B', '0B'],
                         ended.output.splitlines()[1].split())
