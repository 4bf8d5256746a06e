"""Services that remember how they were called and answer as they are told.

Used by: ``served``, and through it by every test of the routes.
"""

import concurrent.futures
import datetime
import os
import pathlib
import socket
import stat
import threading

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime import networking
from novacontainer.runtime.service import execs
from novacontainer.runtime.service import system

NOW = datetime.datetime(2026, 11, 20, 12, 0, 0, 5000, datetime.UTC)

IMAGE = models.Image(
    id='sha256:' + '1' * 64,
    config={
        'architecture': 'amd64',
        'os': 'linux',
        'config': {'Cmd': ['/bin/sh'], 'Labels': {'a': 'b'}},
        'history': [
            {'created': '2026-11-20T12:00:00Z', 'created_by': 'ADD /'},
            {'created_by': 'CMD sh', 'empty_layer': True},
        ],
    },
    layers=(models.Layer('sha256:' + '2' * 64, 'sha256:' + '2' * 64, 4096),),
    references=('glance/x:1', 'shop:latest'),
    created=NOW,
)

CONTAINER = models.Container(
    id='c' * 64,
    name='web',
    image_id=IMAGE.id,
    image_name='shop:latest',
    config={'Cmd': ['sleep', '1'], 'Labels': {'k': 'v'}},
    host_config={'Memory': 1024, 'Binds': ['/srv:/mnt:ro']},
    id_map=None,
    created=NOW,
)

VOLUME = models.Volume(
    'data', NOW, labels={'k': 'v'}, users=('c' * 64,))

NETWORK = networking.Network(
    'd' * 64, 'shop', 'bridge', NOW, subnets=(
        networking.Subnet('10.9.0.0/24', '10.9.0.1', '10.9.0.128/25',
                          {'printer': '10.9.0.200'}, True),
        networking.Subnet('fd00:9::/64', 'fd00:9::1')),
    ipv6=True, labels={'k': 'v'}, options={networking.OPTION_MTU: '1400'})

CONNECTION = networking.Connection(
    networking.Endpoint(
        '1' * 64, 'c' * 64, NETWORK.id, {'Aliases': ['www']},
        networking.Stage.UP, 'eth0', '02:42:0a:09:00:80', '10.9.0.128',
        'fd00:9::2', True, (networking.Port(80, 'tcp', '', 8080),)),
    NETWORK, 'web', 'webhost')

EXEC = models.Exec(
    id='e' * 64, container_id='c' * 64, args=('sh', '-c', 'x'),
    streams=frozenset({'stdin', 'stdout', 'stderr'}))


class Recorder:
    """Answers any method; ``fail`` and ``give`` say how.

    ``calls`` holds (method, positional, keyword) of every call.
    """

    def __init__(self):
        self.calls = []
        self._answers = {}

    def give(self, method, answer):
        """Let ``method`` return ``answer``, or raise it."""
        self._answers[method] = answer

    def _call(self, method, *args, **kwargs):
        self.calls.append((method, args, kwargs))
        answer = self._answers.get(method)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def __getattr__(self, method):
        if method.startswith('_'):
            raise AttributeError(method)
        return lambda *args, **kwargs: self._call(method, *args, **kwargs)


class Archives(Recorder):
    """Has one file in each container."""

    def __init__(self):
        super().__init__()
        self.written = b''
        self.give('stat', models.PathStat(
            'x', 3, stat.S_IFREG | 0o4644, NOW))

    def read(self, name, path, sink):
        self._call('read', name, path)
        sink.write(b'tar')

    def export(self, name, sink):
        self._call('export', name)
        sink.write(b'root')

    def write(self, name, path, source, **options):
        self._call('write', name, path, **options)
        while data := source.read(100):
            self.written += data


class Images(Recorder):
    """Takes and gives archives; knows one image."""

    def __init__(self):
        super().__init__()
        self.give('list', [IMAGE])
        self.give('get', IMAGE)
        self.give('remove', [{'Untagged': 'shop:latest'}])
        self.give('layer_paths', (pathlib.Path('/layers/2'),))
        self.refuse_after = float('inf')
        self.ended = threading.Event()
        self.error = None
        self.taken = 0
        self.pieces = [b'archive']
        self.save_error = None

    def import_root(self, source, **options):
        self._call('import_root', source.read(100), **options)
        return IMAGE

    def load(self, source, *, reference, progress, verify=None):
        """Read all of it, or up to ``refuse_after`` bytes."""
        self.calls.append(('load', (), {'reference': reference}))
        try:
            while data := source.read(65536):
                self.taken += len(data)
                if self.taken >= self.refuse_after:
                    raise exception.InvalidRequest(
                        'This is not an image.', code='image.invalid')
        except exception.RuntimeFault as error:
            self.error = error
            raise
        else:
            if verify is not None:
                verify()
        finally:
            self.ended.set()
        progress('Loaded image: shop:latest')
        return (IMAGE,)

    def save(self, names, sink):
        """Write ``pieces``, then fail with ``save_error`` if there is."""
        self.calls.append(('save', (list(names),), {}))
        try:
            for piece in self.pieces:
                self.taken += sink.write(piece)
            if self.save_error is not None:
                raise self.save_error
        except exception.RuntimeFault as error:
            self.error = error
            raise
        finally:
            self.ended.set()


class Containers(Recorder):
    """Knows one container."""

    def __init__(self, directory):
        super().__init__()
        self.log = pathlib.Path(directory) / 'log'
        self.exit = concurrent.futures.Future()
        self.give('create', ('c' * 64, ['careful']))
        self.give('list', [CONTAINER])
        self.give('counts', {CONTAINER.status: 1})
        self.give('get', CONTAINER)
        self.give('sandbox_key', '/run/netns/nc-cccccccccccc')
        self.give('log_path', self.log)
        self.give('size_bytes', 10)
        self.give('places', models.Places(
            self.log, {'hosts': '/home/hosts'}, {'UpperDir': '/upper'}))
        self.give('exit_future', self.exit)
        self.give('commit', IMAGE)


class Volumes(Recorder):
    """Knows one volume."""

    def __init__(self):
        super().__init__()
        self.give('create', VOLUME)
        self.give('get', VOLUME)
        self.give('list', [VOLUME])
        self.give('path', pathlib.Path('/volumes/data/_data'))
        self.give('size_bytes', 4096)


class Networks(Recorder):
    """Knows one network, with one container on it."""

    def __init__(self):
        super().__init__()
        self.give('create', NETWORK)
        self.give('get', NETWORK)
        self.give('list', [NETWORK])
        self.give('connections', [CONNECTION])


class Connections(Recorder):
    """Knows the one connection of the one container."""

    def __init__(self):
        super().__init__()
        self.give('of', [CONNECTION])
        self.give('all', {CONTAINER.id: [CONNECTION]})


class Attachments(Recorder):
    """Gives one end of a process's streams, and keeps the other.

    ``process`` is what a process writes packets to and reads input from.
    """

    def __init__(self):
        super().__init__()
        self.process, theirs = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process.settimeout(20)
        self.life, self.death = os.pipe()
        self.attachment = models.Attachment(theirs, self.life)
        self.joined = concurrent.futures.Future()
        self.give('attach', self.joined)

    def join(self):
        """Let there be a process."""
        self.joined.set_running_or_notify_cancel()
        self.joined.set_result(self.attachment)

    def end(self):
        """Let the process end, and its monitor too."""
        self.process.shutdown(socket.SHUT_RDWR)
        if self.death is not None:
            os.close(self.death)
            self.death = None

    def close(self):
        """Leave nothing; the route has closed the other end, or none did."""
        self.end()
        self.process.close()
        self.attachment.connection.close()


class Execs(Recorder):
    """Knows one exec; ``streams`` is its process."""

    def __init__(self):
        super().__init__()
        self.streams = Attachments()
        self.ended = concurrent.futures.Future()
        self.give('create', EXEC.id)
        self.give('get', EXEC)
        self.give('ids', ())
        self.give('check_start', EXEC)
        self.give('start', execs.Run(self.streams.attachment, self.ended))


class Healths(dict):
    """Healths by container id."""

    def of(self, container):
        return self.get(container.id)


class Info:
    """A host that is always the same."""

    storage = 'overlay'

    def facts(self):
        """Return fixed facts."""
        return system.Facts(
            id='id', version='1.2.3', hostname='host',
            kernel_version='6.18', operating_system='Debian',
            operating_system_version='12', machine='x86_64', cpus=2,
            memory_bytes=2**30, data_root='/data', storage='overlay',
            storage_status=(), engine='crun', engine_path='/usr/bin/crun',
            engine_version='1.8.1', conmon_version='2.1.6',
            cgroup_version=1, limits=frozenset({'memory', 'cpu', 'pids'}),
            ipv4_forwarding=True, bridge_nf_iptables=False,
            bridge_nf_ip6tables=False, lxcfs='off', warnings=('no swap',))
