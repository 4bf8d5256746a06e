import dataclasses

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import execspec
from novacontainer.runtime.service import isolation
from novacontainer.runtime.service import preparation
from tests.unit.runtime.service import world


def specs(of, **reach):
    """Make what is tested, over the parts of a world."""
    return execspec.ExecSpecs(
        settings=preparation.Settings('nc-unit', 2),
        places=of.containers._places, sandbox=of.sandboxes,
        reach=isolation.Policy(**reach))


class TestRequested(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.container = self.world.get(self.world.create())

    def requested(self, **body):
        return specs(self.world).requested(
            self.container, {'Cmd': ['ls'], **body})

    def test_defaults(self):
        record = self.requested()
        self.assertEqual(64, len(record.id))
        self.assertEqual((self.container.id, ('ls',), frozenset(), False), (
            record.container_id, record.args, record.streams,
            record.started))

    def test_everything(self):
        record = self.requested(
            AttachStdin=True, AttachStderr=True, Tty=True, User='web',
            WorkingDir='/tmp', Env=['A=b'], DetachKeys='ctrl-x',
            ConsoleSize=[24, 80], Privileged=False)
        self.assertEqual(
            ({'stdin', 'stderr'}, True, 'web', '/tmp', ('A=b',), 'ctrl-x',
             (24, 80)),
            (record.streams, record.terminal, record.user,
             record.working_dir, record.env, record.detach_keys,
             record.console_size))

    def test_refusals(self):
        for body, kind in (
                ({'Cmd': []}, exception.InvalidRequest),
                ({'Cmd': None}, exception.InvalidRequest),
                ({'WorkingDir': 'tmp'}, exception.InvalidRequest),
                ({'Env': ['=x']}, exception.InvalidRequest),
                ({'DetachKeys': 'nokey'}, exception.InvalidRequest),
                ({'ConsoleSize': [1]}, exception.InvalidRequest),
                ({'ConsoleSize': [1, 65536]}, exception.InvalidRequest),
                ({'Privileged': True}, exception.Forbidden)):
            self.assertRaises(kind, self.requested, **body)


class TestProcess(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.world = self.useFixture(world.World())
        self.specs = specs(self.world, privileged=True)
        self.container = self.world.get(self.world.start(
            Env=['A=1', 'B=2'], WorkingDir='/srv', Tty=True))

    def process(self, **changes):
        record = dataclasses.replace(
            self.specs.requested(self.container, {'Cmd': ['ls', '-l']}),
            **changes)
        return self.specs.process(self.container, record)

    def test_privileged(self):
        record = self.specs.requested(
            self.container, {'Cmd': ['ls'], 'Privileged': True})
        self.assertTrue(record.privileged)
        held = self.process(privileged=True)['capabilities']['bounding']
        self.assertIn('CAP_SYS_ADMIN', held)
        self.assertNotIn('CAP_SYS_ADMIN',
                         self.process()['capabilities']['bounding'])

    def test_as_the_container(self):
        process = self.process()
        self.assertEqual((['ls', '-l'], '/srv', False, 0), (
            process['args'], process['cwd'], process['terminal'],
            process['user']['uid']))
        self.assertIn('HOME=/root', process['env'])
        self.assertIn('A=1', process['env'])
        self.assertNotIn('consoleSize', process)

    def test_as_asked(self):
        process = self.process(
            env=('A=3', 'B'), user='web', working_dir='/tmp', terminal=True,
            console_size=(24, 80))
        self.assertEqual(33, process['user']['uid'])
        self.assertEqual([], process['capabilities']['effective'])
        self.assertEqual({'height': 24, 'width': 80}, process['consoleSize'])
        env = process['env']
        self.assertIn('A=3', env)
        self.assertNotIn('B=2', env)
        self.assertIn('HOME=/var/www', env)
        self.assertIn('TERM=xterm', env)

    def test_no_such_user(self):
        fault = self.assertRaises(
            exception.InvalidRequest, self.process, user='nobody-here')
        self.assertIn('unable to find user', str(fault))

    def test_container_that_has_just_ended(self):
        self.world.engine.finish(self.container.id, 0)
        self.world.wait(self.container.id)
        fault = self.assertRaises(exception.Conflict, self.process)
        self.assertEqual('container.not_running', fault.code)
