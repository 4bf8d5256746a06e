import dataclasses
import pathlib
import tempfile

from oslotest import base

from novacontainer.runtime.service import directories
from novacontainer.runtime.service import hostnames
from tests.unit.runtime.api import fakes

WEB = fakes.CONNECTION
DB = dataclasses.replace(
    WEB, container_name='db', hostname='dbhost',
    endpoint=dataclasses.replace(
        WEB.endpoint, container_id='d' * 64, ipv4='10.9.0.9', ipv6='',
        settings={}))
PLAIN = dataclasses.replace(fakes.NETWORK, name='bridge')


class BlockTest(base.BaseTestCase):

    def test_names_of_all(self):
        self.assertEqual([
            '10.9.0.128\twebhost', 'fd00:9::2\twebhost',
            '10.9.0.128\tweb www cccccccccccc webhost',
            'fd00:9::2\tweb www cccccccccccc webhost',
            '10.9.0.9\tdb dddddddddddd dbhost'],
            hostnames.block([WEB], [WEB, DB]))

    def test_only_what_is_linked_on_the_default_network(self):
        web, db = (dataclasses.replace(one, network=PLAIN)
                   for one in (WEB, DB))
        own = ['10.9.0.128\twebhost', 'fd00:9::2\twebhost']
        self.assertEqual(own, hostnames.block([web], [web, db]))
        linked = dataclasses.replace(web, endpoint=dataclasses.replace(
            web.endpoint, settings={'Links': ['db:data']}))
        self.assertEqual([*own, '10.9.0.9\tdata db dddddddddddd'],
                         hostnames.block([linked], [linked, db]))

    def test_links_by_id(self):
        web, db = (dataclasses.replace(one, network=PLAIN)
                   for one in (WEB, DB))
        for name, found in (('d' * 12, True), ('d' * 11, False)):
            linked = dataclasses.replace(web, endpoint=dataclasses.replace(
                web.endpoint, settings={'Links': [f'{name}:data']}))
            self.assertIs(found, any(
                'data' in line
                for line in hostnames.block([linked], [db])))

    def test_links_on_another_network(self):
        linked = dataclasses.replace(WEB, endpoint=dataclasses.replace(
            WEB.endpoint, settings={'Links': ['db:data']}))
        self.assertIn('10.9.0.9\tdata db dddddddddddd dbhost',
                      hostnames.block([linked], [DB]))


class MergedTest(base.BaseTestCase):

    def test_the_rest_stays(self):
        text = hostnames.merged('127.0.0.1\tlocalhost', ['1.2.3.4\ta'])
        self.assertEqual(
            '127.0.0.1\tlocalhost\n'
            f'{hostnames.BEGIN}\n1.2.3.4\ta\n{hostnames.END}\n', text)
        text += '9.9.9.9\tmine\n'
        again = hostnames.merged(text, ['1.2.3.5\tb'])
        self.assertEqual(
            '127.0.0.1\tlocalhost\n'
            f'{hostnames.BEGIN}\n1.2.3.5\tb\n{hostnames.END}\n'
            '9.9.9.9\tmine\n', again)
        self.assertEqual(again, hostnames.merged(again, ['1.2.3.5\tb']))

    def test_without_an_end(self):
        self.assertEqual(
            f'a\n{hostnames.BEGIN}\nb\n{hostnames.END}\n',
            hostnames.merged(f'a\n{hostnames.BEGIN}\n1.1.1.1\tx\n', ['b']))


class HostNamesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        root = pathlib.Path(directory.name)
        places = directories.Directories(root / 'data', root / 'run')
        self.home = places.home('c' * 64)
        self.names = hostnames.HostNames(places)

    def test_in_place(self):
        self.home.mkdir()
        path = self.home / 'hosts'
        path.write_text('127.0.0.1\tlocalhost\n')
        before = path.stat().st_ino
        self.names.write([WEB], [WEB, DB])
        self.assertIn('10.9.0.9\tdb', path.read_text())
        self.names.write([WEB], [WEB])
        self.assertNotIn('db', path.read_text())
        self.assertEqual(before, path.stat().st_ino)

    def test_no_file_yet(self):
        self.names.write([WEB], [WEB])
        self.assertFalse(self.home.exists())

    def test_a_fault_is_no_obstacle(self):
        (self.home / 'hosts').mkdir(parents=True)
        self.names.write([WEB], [WEB])
