"""Files in and out of containers, through the SDK and the command line."""

import gzip
import io
import os
import pathlib
import subprocess
import tarfile

import docker
import fixtures

from tests import archives
from tests.functional import daemon
from tests.functional import sdk


def tar(*members):
    """Make a tar of (TarInfo, data) pairs."""
    return archives.tar(members)


class FilesTest(sdk.SdkTestCase):

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def cli(self, *words, **options):
        return subprocess.run(
            ['docker', '-H', self.daemon.url, *words], check=True,
            capture_output=True, timeout=60, **options).stdout

    def output(self, container, *command):
        return container.exec_run(list(command)).output

    def names(self, chunks):
        with tarfile.open(fileobj=io.BytesIO(b''.join(chunks))) as archive:
            return {member.name: member for member in archive}

    def states(self):
        """Yield a container that runs, one that did, one that never did."""
        yield self.run_container()
        ended = self.run_container('true')
        ended.wait()
        yield ended
        yield self.create_container('true')

    def test_in_and_out_in_every_state(self):
        for container in self.states():
            chunks, _ = container.get_archive('/etc/hosts')
            self.assertIn('hosts', self.names(chunks))
            self.assertTrue(container.put_archive('/', tar(
                (archives.member('deep/er/file', mode=0o4711, uid=7, gid=8),
                 b'x' * 100000),
                (archives.member('deep/link', tarfile.SYMTYPE,
                                 link='/deep/er'), b''))))
            chunks, stat = container.get_archive('/deep/link/file')
            found = self.names(chunks)
            self.assertEqual(['file'], list(found))
            self.assertEqual(
                (0o4711, 7, 8, 100000),
                (found['file'].mode, found['file'].uid, found['file'].gid,
                 found['file'].size))
            self.assertEqual(('file', 100000), (stat['name'], stat['size']))
            chunks, stat = container.get_archive('/deep/link')
            self.assertEqual('/deep/er', stat['linkTarget'])
            self.assertEqual({'link'}, set(self.names(chunks)))
            chunks, _ = container.get_archive('/deep')
            self.assertEqual(
                {'deep', 'deep/er', 'deep/er/file', 'deep/link'},
                set(self.names(chunks)))

    def test_copy_by_the_command_line(self):
        (self.folder / 'tree').mkdir()
        (self.folder / 'tree/file').write_text('hello')
        for container in self.states():
            self.cli('cp', str(self.folder / 'tree'), f'{container.id}:/tmp')
            self.cli('cp', f'{container.id}:/tmp/tree/file', str(
                self.folder / 'back'))
            self.assertEqual('hello', (self.folder / 'back').read_text())
            piped = self.cli('cp', f'{container.id}:/tmp/tree', '-')
            self.assertIn('tree/file', self.names([piped]))
            self.cli('cp', '-', f'{container.id}:/tmp', input=tar(
                (archives.member('piped'), b'p')))
            self.cli('cp', f'{container.id}:/tmp/piped', str(self.folder))
            self.assertEqual('p', (self.folder / 'piped').read_text())

    def test_what_is_copied_to_a_volume_is_there_later(self):
        container = self.create_container('ls', '/vol', volumes=['/vol'])
        container.put_archive('/vol', tar((archives.member('file'), b'x')))
        container.start()
        container.wait()
        self.assertEqual(b'file\n', container.logs())
        started = self.run_container('ls', '-d', '/other',
                                     volumes=['/other'])
        started.wait()
        self.assertEqual(b'/other\n', started.logs())

    def test_what_runs_sees_it_with_its_mounts(self):
        container = self.run_container(tmpfs={'/scratch': ''})
        container.put_archive('/scratch', gzip.compress(tar(
            (archives.member('file'), b'here'))))
        self.assertEqual(b'here', self.output(
            container, 'cat', '/scratch/file'))
        self.assertIn(b'root', self.output(
            container, 'stat', '-c', '%U', '/scratch/file'))
        chunks, _ = container.get_archive('/scratch/file')
        self.assertEqual({'file'}, set(self.names(chunks)))
        # Not all of /proc can be read, and none of it is wanted.
        chunks, _ = container.get_archive('/')
        names = set(self.names(chunks))
        self.assertLessEqual({'/proc', '/bin/busybox'}, names)
        self.assertNotIn('/proc/self', names)

    def test_a_slow_client_keeps_nobody_waiting(self):
        """It uploads to what does not run, which starts meanwhile."""
        container = self.create_container('sleep', '1000')
        data = tar((archives.member('slow'), b'x' * 100000))
        connection = daemon.Connection(self.daemon.socket_path)
        self.addCleanup(connection.close)
        connection.putrequest(
            'PUT', f'/containers/{container.id}/archive?path=/')
        connection.putheader('Content-Length', str(len(data)))
        connection.endheaders()
        connection.send(data[:50000])
        container.start()
        container.stop(timeout=0)
        container.start()
        connection.send(data[50000:])
        self.assertEqual(200, connection.getresponse().status)
        self.assertEqual(b'running', container.exec_run(
            ['echo', '-n', 'running']).output)
        container.stop(timeout=0)
        chunks, _ = container.get_archive('/slow')
        self.assertEqual({'slow'}, set(self.names(chunks)))

    def test_links_lead_nowhere_else(self):
        (self.folder / 'secret').write_text('secret')
        container = self.create_container('true')
        container.put_archive('/', tar(
            (archives.member('out', tarfile.SYMTYPE,
                             link=str(self.folder)), b'')))
        self.assertRaises(docker.errors.NotFound, container.get_archive,
                          '/out/secret')
        for path in ('/out', '/../../../../..' + str(self.folder)):
            self.assertRaises(
                docker.errors.APIError, container.put_archive, path,
                tar((archives.member('planted'), b'x')))
        self.assertEqual(['secret'], os.listdir(self.folder))

    def test_refusals(self):
        container = self.create_container('true')
        self.assertRaises(docker.errors.NotFound, container.get_archive,
                          '/missing')
        self.assertRaises(docker.errors.NotFound, container.put_archive,
                          '/missing', tar())
        for path, data in (('/etc/passwd', tar()), ('/', b'not a tar'),
                           ('/', tar((archives.member('../x'), b'x')))):
            error = self.assertRaises(
                docker.errors.APIError, container.put_archive, path, data)
            self.assertEqual(400, error.status_code, error.explanation)
        locked = self.create_container('true', read_only=True)
        error = self.assertRaises(
            docker.errors.APIError, locked.put_archive, '/', tar())
        self.assertEqual(403, error.status_code)

    def test_kinds_can_be_kept(self):
        container = self.create_container('true')
        error = self.assertRaises(
            docker.errors.APIError, self.docker.api._raise_for_status,
            self.docker.api._put(
                self.docker.api._url('/containers/{0}/archive',
                                     container.id),
                params={'path': '/', 'noOverwriteDirNonDir': '1'},
                data=tar((archives.member('etc'), b'x'))))
        self.assertIn('cannot overwrite directory', error.explanation)

    def test_export(self):
        for container in self.states():
            container.put_archive('/', tar((archives.member('mark'), b'm')))
            found = self.names(container.export())
            self.assertIn('mark', found)
            self.assertIn('etc/passwd', found)
            self.assertEqual(0, found['mark'].uid)
            self.assertFalse([name for name in found
                              if name.startswith(('proc/', 'sys/'))])
        self.cli('export', '-o', str(self.folder / 'root.tar'), container.id)
        with tarfile.open(self.folder / 'root.tar') as archive:
            self.assertIn('mark', archive.getnames())
        self.assertRaises(docker.errors.NotFound, next,
                          self.docker.api.export('missing'))
