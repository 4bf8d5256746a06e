import datetime
import pathlib
import tempfile
from unittest import mock

from oslotest import base

from novacontainer.runtime import models
from novacontainer.runtime.service import etcfiles
from tests.unit.runtime.api import fakes


def container(config=None, host_config=None, id_map=None):
    return models.Container(
        id='c1', name='web', image_id='i', image_name='i',
        config={'Hostname': 'web', **(config or {})},
        host_config=host_config or {}, id_map=id_map,
        created=datetime.datetime.now(datetime.UTC))


class EtcFilesTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.home = pathlib.Path(directory.name)
        patch = mock.patch('os.chown')
        self.chown = patch.start()
        self.addCleanup(patch.stop)

    def read(self, name):
        return (self.home / name).read_text()

    def test_hosts(self):
        text = etcfiles.hosts(
            {'Hostname': 'web', 'Domainname': 'a.example'},
            {'ExtraHosts': ['db:10.0.0.2']})
        self.assertIn('127.0.0.1\tlocalhost\n', text)
        self.assertIn('127.0.1.1\tweb.a.example web\n', text)
        self.assertTrue(text.endswith('10.0.0.2\tdb\n'))
        self.assertIn('127.0.1.1\tweb\n',
                      etcfiles.hosts({'Hostname': 'web'}, {}))

    def test_resolv_conf(self):
        self.assertEqual(
            'search a.example b.example\nnameserver 10.0.0.1\n'
            'nameserver fd00::1\noptions ndots:2 rotate\n',
            etcfiles.resolv_conf({
                'Dns': ['10.0.0.1', 'fd00::1'],
                'DnsSearch': ['a.example', 'b.example'],
                'DnsOptions': ['ndots:2', 'rotate']}))
        # Docker's way to say "no search list".
        self.assertEqual('', etcfiles.resolv_conf({'DnsSearch': ['.']}))
        self.assertEqual('', etcfiles.resolv_conf({}))

    def test_resolv_conf_of_the_host(self):
        host = ('# Made\nsearch a.example b.example\nnameserver 127.0.0.1\n'
                'nameserver 10.0.0.9\nnameserver ::1\nnameserver odd\n'
                'options ndots:2\n')
        self.assertEqual(
            'search a.example b.example\nnameserver 10.0.0.9\n'
            'options ndots:2\n', etcfiles.resolv_conf({}, host))
        self.assertEqual(
            'search c\nnameserver 10.0.0.1\noptions edns0\n',
            etcfiles.resolv_conf({
                'Dns': ['10.0.0.1'], 'DnsSearch': ['c'],
                'DnsOptions': ['edns0']}, host))
        self.assertEqual(
            'nameserver 8.8.8.8\nnameserver 8.8.4.4\n',
            etcfiles.resolv_conf({}, 'nameserver 127.0.0.1\n'))

    def test_whose_resolver(self):
        resolvers = self.home / 'resolv', self.home / 'resolved'
        resolvers[1].write_text('nameserver 10.0.0.2\n')
        with mock.patch.multiple(
                etcfiles, HOST_RESOLV_CONF=resolvers[0],
                RESOLVED_CONF=resolvers[1]):
            for number, (text, mode, expected) in enumerate((
                    ('nameserver 127.0.0.53\n', 'shop', '10.0.0.2'),
                    ('nameserver 10.0.0.1\n', 'shop', '10.0.0.1'),
                    ('nameserver 127.0.0.1\n', 'host', '127.0.0.1'),
                    (None, 'shop', '8.8.8.8'))):
                resolvers[0].unlink(missing_ok=True)
                if text is not None:
                    resolvers[0].write_text(text)
                home = self.home / str(number)
                home.mkdir()
                etcfiles.write(home, container(
                    host_config={'NetworkMode': mode}))
                self.assertIn(f'nameserver {expected}\n',
                              (home / 'resolv.conf').read_text())

    def test_where_the_host_is(self):
        asked = {'NetworkMode': 'shop', 'ExtraHosts': ['h:host-gateway']}
        etcfiles.write(self.home, container(host_config=asked),
                       [fakes.CONNECTION])
        self.assertIn('10.9.0.1\th\n', self.read('hosts'))
        self.assertNotIn('127.0.1.1', self.read('hosts'))
        home = self.home / 'host'
        home.mkdir()
        etcfiles.write(home, container(
            host_config={**asked, 'NetworkMode': 'host'}))
        self.assertIn('127.0.0.1\th\n', (home / 'hosts').read_text())

    def test_write(self):
        etcfiles.write(self.home, container(
            host_config={'Dns': ['10.0.0.1']},
            id_map=models.IdMap(65536)))
        self.assertEqual('web\n', self.read('hostname'))
        self.assertEqual('nameserver 10.0.0.1\n', self.read('resolv.conf'))
        self.assertEqual(
            0o644, (self.home / 'hosts').stat().st_mode & 0o7777)
        self.assertEqual({(65536, 65536)},
                         {call.args[1:] for call in
                          self.chown.call_args_list})
        self.assertEqual(set(etcfiles.NAMES),
                         {path.name for path in self.home.iterdir()})

    def test_what_the_container_wrote_stays(self):
        (self.home / 'hosts').write_text('mine')
        etcfiles.write(self.home, container())
        self.assertEqual('mine', self.read('hosts'))

    def test_half_written_files_are_not_taken_for_good(self):
        (self.home / '.hosts.new').write_text('hal')
        etcfiles.write(self.home, container())
        self.assertIn('localhost', self.read('hosts'))

    def test_mounts(self):
        found = etcfiles.mounts(self.home, container())
        self.assertEqual(
            ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'],
            [mount.target for mount in found])
        self.assertIn('rw', found[0].options)
        found = etcfiles.mounts(
            self.home, container(host_config={'ReadonlyRootfs': True}))
        self.assertIn('ro', found[0].options)
