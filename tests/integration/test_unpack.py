"""The real unpack child: what it applies, and what it cannot reach."""

import errno
import gzip
import os
import pathlib
import resource
import signal
import stat
import struct
import subprocess
import sys
import tarfile
import time
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import deltas
from novacontainer.runtime import exception
from novacontainer.runtime.host import trees
from novacontainer.runtime.image import limits
from novacontainer.runtime import models
from novacontainer.runtime.unpack import unpacker
from tests import archives

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAPABILITY_V2 = struct.pack('<5I', 0x02000001, 1 << 10, 0, 0, 0)


class UnpackTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.tree = self.folder / 'tree'
        self.tree.mkdir()
        self.blob = self.folder / 'blob'
        self.limits = limits.Limits()
        self.unpacker = unpacker.Unpacker()

    def start(self, kind='plain'):
        child = self.unpacker.apply(self.blob, self.tree, kind, self.limits)
        self.addCleanup(child.close)
        return child

    def apply(self, data, kind='plain'):
        self.blob.write_bytes(data)
        child = self.start(kind)
        child.finish()
        return child.result()


class TestApply(UnpackTestCase):

    def test_compressions(self):
        plain = archives.layer({'a/b': os.urandom(3 << 20)})
        for kind, command in (('plain', 'cat'), ('gzip', 'gzip'),
                              ('xz', 'xz'), ('bzip2', 'bzip2'),
                              ('zstd', 'zstd')):
            data = subprocess.run([command], input=plain, check=True,
                                  capture_output=True).stdout
            found = self.apply(data, kind)
            self.assertEqual(3 << 20, found.size_bytes)
            self.assertEqual(
                '' if kind == 'plain' else archives.digest(plain),
                found.diff_id)

    def test_a_blob_that_grows(self):
        data = archives.layer({f'f{n}': os.urandom(200_000)
                               for n in range(20)})
        with open(self.blob, 'wb', buffering=0) as blob:
            child = self.start()
            for at in range(0, len(data), 70_001):
                blob.write(data[at:at + 70_001])
                self.assertTrue(child.advance())
            child.finish()
            self.assertEqual(4_000_000, child.result().size_bytes)
        self.assertEqual(20, len(list(self.tree.iterdir())))

    def test_owners_capabilities_and_opaque_directories(self):
        dropped = struct.pack('<6I', 0x03000001, 1 << 10, 0, 0, 0, 100_000)
        self.apply(archives.tar([
            (archives.member('d/', tarfile.DIRTYPE, mode=0o2770, uid=33,
                             gid=44), b''),
            (archives.member('d/f', mode=0o4755, uid=65535, gid=65535), b''),
            (archives.member('d/root', mode=0o755), b''),
            (archives.member('cap', pax={
                'SCHILY.xattr.security.capability':
                    CAPABILITY_V2.decode()}), b''),
            (archives.member('foreign', pax={
                'SCHILY.xattr.security.capability':
                    dropped.decode('utf-8', 'surrogateescape')}), b''),
            (archives.member('link', tarfile.SYMTYPE, link='d'), b''),
            (archives.member('link/.wh..wh..opq'), b''),
            (archives.member('.wh.gone'), b'')]))
        status = os.stat(self.tree / 'd/f')
        self.assertEqual((65535, 65535, 0o4755),
                         (status.st_uid, status.st_gid,
                          stat.S_IMODE(status.st_mode)))
        self.assertEqual(0, os.stat(self.tree / 'd/root').st_gid)
        self.assertEqual(CAPABILITY_V2, os.getxattr(
            self.tree / 'cap', 'security.capability'))
        self.assertEqual([], os.listxattr(self.tree / 'foreign'))
        self.assertEqual(b'y', os.getxattr(self.tree / 'd',
                                           'trusted.overlay.opaque'))
        gone = os.lstat(self.tree / 'gone')
        self.assertEqual((True, 0), (stat.S_ISCHR(gone.st_mode),
                                     gone.st_rdev))

    def test_links_lead_nowhere(self):
        outside = self.folder / 'outside'
        outside.mkdir()
        for target in (str(outside), '../outside', '/../../' + str(outside)):
            error = self.assertRaises(
                exception.InvalidRequest, self.apply, archives.tar([
                    (archives.member('evil', tarfile.SYMTYPE,
                                     link=target), b''),
                    (archives.member('evil/file'), b'x')]))
            self.assertIn('evil/file', error.message)
            self.assertEqual([], os.listdir(outside))

    def test_hard_links_to_the_host(self):
        for target in ('/etc/passwd', 'etc/passwd', '../../../etc/passwd'):
            self.assertRaises(
                exception.InvalidRequest, self.apply, archives.tar([
                    (archives.member('x', tarfile.LNKTYPE, link=target),
                     b'')]))

    def test_a_bomb(self):
        self.limits = limits.Limits(layer_bytes=10 << 20)
        bomb = gzip.compress(archives.layer({'zeros': bytes(64 << 20)}))
        error = self.assertRaises(exception.InvalidRequest, self.apply, bomb,
                                  'gzip')
        self.assertEqual('image.too_large', error.code)

    def test_a_bomb_behind_the_end(self):
        self.limits = limits.Limits(layer_bytes=1 << 20, layer_entries=10)
        bomb = gzip.compress(archives.layer({'a': b'b'}) + bytes(64 << 20))
        error = self.assertRaises(exception.InvalidRequest, self.apply, bomb,
                                  'gzip')
        self.assertEqual('image.too_large', error.code)

    def test_deep_trees_and_their_replacement(self):
        deep = 'd/' * 2000
        self.apply(archives.tar([
            (archives.member(deep, tarfile.DIRTYPE), b''),
            (archives.member('d'), b'file now')]))
        self.assertEqual('file now', (self.tree / 'd').read_text())

    def test_full_disk(self):
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none',
                        self.tree], check=True)
        self.addCleanup(subprocess.run, ['umount', self.tree], check=True)
        for data in (archives.layer({'f': bytes(3 << 20)}),
                     archives.layer({f'f{n}': b'x' * 4000
                                     for n in range(400)})):
            error = self.assertRaises(exception.Unavailable, self.apply,
                                      data)
            self.assertEqual('storage.full', error.code)


class TestChild(UnpackTestCase):

    def test_confinement(self):
        """Look at a child that waits for its first byte."""
        self.blob.write_bytes(b'')
        child = self.start()
        pid = child._process.pid
        proc = pathlib.Path(f'/proc/{pid}')
        deadline = time.monotonic() + 20
        while (os.readlink(proc / 'root') != str(self.tree)
                or 'NoNewPrivs:\t1' not in (proc / 'status').read_text()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        status = dict(line.split(':\t', 1) for line in
                      (proc / 'status').read_text().splitlines()
                      if ':\t' in line)
        allowed = sum(1 << number for number in (0, 1, 3, 4, 31))
        for name in ('CapEff', 'CapPrm', 'CapBnd'):
            self.assertEqual(allowed, int(status[name], 16), name)
        self.assertEqual(0, int(status['CapInh'], 16))
        for name in ('net', 'mnt', 'ipc'):
            self.assertNotEqual(os.readlink(f'/proc/self/ns/{name}'),
                                os.readlink(proc / 'ns' / name))
        opened = {os.readlink(proc / 'fd' / number)
                  for number in os.listdir(proc / 'fd')}
        self.assertEqual({str(self.blob)}, {
            path for path in opened if path.startswith('/')})

    def test_closed_in_the_middle(self):
        self.blob.write_bytes(archives.layer({'a': b'b' * 5000})[:3000])
        child = self.start()
        child.close()
        self.assertIsNotNone(child._process.returncode)
        child.close()

    def test_killed(self):
        self.blob.write_bytes(b'')
        child = self.start()
        child._process.kill()
        child._process.wait()
        self.assertFalse(child.advance())
        error = self.assertRaises(exception.Internal, child.result)
        self.assertEqual('image.unpacker_died', error.code)

    def test_a_bad_layer_is_known_before_its_end(self):
        with open(self.blob, 'wb', buffering=0) as blob:
            child = self.start()
            blob.write(b'junk' * 1000)
            deadline = time.monotonic() + 20
            while child.advance():
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
        self.assertRaises(exception.InvalidRequest, child.result)

    def test_it_dies_with_the_daemon(self):
        self.blob.write_bytes(b'')
        code = (
            'import pathlib, sys, time\n'
            'from novacontainer.runtime.image import limits\n'
            'from novacontainer.runtime.unpack import unpacker\n'
            f'blob = pathlib.Path({str(self.blob)!r})\n'
            f'tree = pathlib.Path({str(self.tree)!r})\n'
            'child = unpacker.Unpacker().apply(blob, tree, "plain", '
            'limits.Limits())\n'
            'print(child._process.pid, flush=True)\n'
            'time.sleep(60)\n')
        daemon = subprocess.Popen(
            [sys.executable, '-c', code], stdout=subprocess.PIPE, text=True,
            cwd=ROOT, env={**os.environ, 'PYTHONPATH': str(ROOT)})
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.stdout.close)
        self.addCleanup(daemon.kill)
        pid = int(daemon.stdout.readline())
        daemon.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 20
        while self.is_running(pid):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    @staticmethod
    def is_running(pid):
        try:
            text = pathlib.Path(f'/proc/{pid}/stat').read_text()
        except OSError as error:
            assert error.errno in (errno.ENOENT, errno.ESRCH)
            return False
        return text.rpartition(')')[2].split()[0] != 'Z'


class TestCosts(UnpackTestCase):
    """What a small upload may make this host spend."""

    def test_implied_directories_count(self):
        self.limits = limits.Limits(layer_entries=100)
        error = self.assertRaises(
            exception.InvalidRequest, self.apply,
            archives.tar([(archives.member('d/' * 200 + 'f'), b'')]))
        self.assertEqual('image.too_large', error.code)

    def test_memory(self):
        folder = '/'.join(['d' * 200] * 19)
        data = archives.tar([
            (archives.member(f'{folder}/.wh.{number}'), b'')
            for number in range(5000)])
        with mock.patch.object(unpacker, '_START', unpacker._START.replace(
                'sys.exit', 'from novacontainer.runtime.host import '
                'confinement; confinement._MEMORY_BYTES = 24 << 20; '
                'sys.exit')):
            error = self.assertRaises(exception.InvalidRequest, self.apply,
                                      data)
        self.assertIn('memory', error.message)

    def test_deep_opaque_directories_take_no_descriptors(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE,
                        (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
        self.apply(archives.tar([
            (archives.member('d/' * 300 + '.wh..wh..opq'), b'')]))
        self.assertEqual(b'y', os.getxattr(
            self.tree / ('d/' * 300), 'trusted.overlay.opaque'))

    def test_more_opaque_directories_than_the_daemon_takes(self):
        data = archives.tar([
            (archives.member(f'{number}/.wh..wh..opq'), b'')
            for number in range(20)])
        with mock.patch.object(unpacker, '_START', unpacker._START.replace(
                'sys.exit', 'from novacontainer.runtime.unpack import apply; '
                'apply._OPAQUE_BYTES = 40; sys.exit')):
            error = self.assertRaises(exception.InvalidRequest, self.apply,
                                      data)
        self.assertEqual('image.too_large', error.code)


class TestProduce(UnpackTestCase):

    def produce(self, id_map=None):
        production = self.unpacker.produce(
            deltas.Delta(self.tree, id_map), self.limits)
        self.addCleanup(production.close)
        data = b''
        while piece := production.read(1 << 20):
            data += piece
        production.finish()
        return data

    def test_round_trip(self):
        before = archives.tar([
            (archives.member('./', tarfile.DIRTYPE, mode=0o755), b''),
            (archives.member('d/', tarfile.DIRTYPE, uid=5), b''),
            (archives.member('d/.wh..wh..opq', mode=0), b''),
            (archives.member('d/.wh.gone', mode=0), b''),
            (archives.member('d/f', mode=0o4711, uid=7, gid=8), b'hello')])
        self.apply(before)
        self.blob.write_bytes(self.produce())
        with tarfile.open(self.blob) as archive:
            found = {member.name: member for member in archive}
        self.assertEqual(['.', 'd', 'd/.wh..wh..opq', 'd/f', 'd/.wh.gone'],
                         list(found))
        self.assertEqual((0o4711, 7, 8, archives.MTIME), (
            found['d/f'].mode, found['d/f'].uid, found['d/f'].gid,
            found['d/f'].mtime))

    def test_ids(self):
        os.chown(self.tree, 200_000, 200_000)
        (self.tree / 'f').touch()
        os.chown(self.tree / 'f', 200_033, 200_044)
        self.blob.write_bytes(self.produce(models.IdMap(200_000)))
        with tarfile.open(self.blob) as archive:
            self.assertEqual([(0, 0), (33, 44)], [
                (member.uid, member.gid) for member in archive])

    def test_refused(self):
        os.setxattr(self.tree, 'trusted.overlay.redirect', b'/x')
        self.assertRaises(exception.NotSupported, self.produce)

    def test_a_path_that_no_layer_can_hold(self):
        handle = os.open(self.tree, os.O_RDONLY)
        for _ in range(21):
            os.mkdir('d' * 200, dir_fd=handle)
            below = os.open('d' * 200, os.O_RDONLY, dir_fd=handle)
            os.close(handle)
            handle = below
        os.close(handle)
        self.addCleanup(trees.remove, self.tree)
        error = self.assertRaises(exception.InvalidRequest, self.produce)
        self.assertIn('4095', error.message)

    def test_names_that_look_like_whiteouts_are_left_out(self):
        for name in ('.wh.', '.wh.a', '.wh..wh..opq', 'a'):
            (self.tree / name).touch()
        self.blob.write_bytes(self.produce())
        with tarfile.open(self.blob) as archive:
            self.assertEqual(['.', 'a'], archive.getnames())
