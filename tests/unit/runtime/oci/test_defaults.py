"""Docker's defaults, and how requests change them."""

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.oci import defaults


class TestCapabilities(base.BaseTestCase):
    def test_defaults(self):
        self.assertEqual(defaults.CAPABILITIES, defaults.capabilities((), ()))
        self.assertEqual(14, len(defaults.CAPABILITIES))
        self.assertEqual(41, len(defaults.ALL_CAPABILITIES))

    def test_add_and_drop(self):
        held = defaults.capabilities(('net_admin', 'CAP_SYS_TIME'),
                                     ('Chown', 'CAP_KILL'))
        self.assertEqual(
            defaults.CAPABILITIES - {'CAP_CHOWN', 'CAP_KILL'}
            | {'CAP_NET_ADMIN', 'CAP_SYS_TIME'}, held)

    def test_all(self):
        self.assertEqual(defaults.ALL_CAPABILITIES - {'CAP_SYS_ADMIN'},
                         defaults.capabilities(('ALL',), ('SYS_ADMIN',)))
        self.assertEqual(frozenset(), defaults.capabilities((), ('all',)))
        self.assertEqual({'CAP_CHOWN'},
                         defaults.capabilities(('CHOWN',), ('ALL',)))

    def test_privileged(self):
        self.assertEqual(defaults.ALL_CAPABILITIES,
                         defaults.capabilities((), ('ALL',), True))

    def test_unknown(self):
        for add, drop in ((('FLY',), ()), ((), ('CAP_FLY',)), (('',), ())):
            fault = self.assertRaises(exception.InvalidRequest,
                                      defaults.capabilities, add, drop)
            self.assertEqual('container.capability', fault.code)


class TestEnvironment(base.BaseTestCase):
    def test_what_is_missing_is_added(self):
        self.assertEqual(
            [f'PATH={defaults.PATH}', 'HOSTNAME=box', 'A=1'],
            defaults.environment(('A=1',), 'box', False))
        self.assertIn('TERM=xterm', defaults.environment((), 'box', True))

    def test_what_is_given_stays(self):
        given = ('PATH=/x', 'HOSTNAME=y', 'TERM=z')
        self.assertEqual(list(given),
                         defaults.environment(given, 'box', True))


class TestMounts(base.BaseTestCase):
    def test_order_and_protection(self):
        found = {mount.target: mount for mount in defaults.mounts(123)}
        self.assertEqual(
            ['/proc', '/dev', '/dev/pts', '/sys', '/sys/fs/cgroup',
             '/dev/mqueue', '/dev/shm'], list(found))
        self.assertIn('ro', found['/sys'].options)
        self.assertIn('ro', found['/sys/fs/cgroup'].options)
        self.assertIn('size=123', found['/dev/shm'].options)

    def test_privileged_may_write(self):
        for mount in defaults.mounts(1, privileged=True):
            self.assertNotIn('ro', mount.options)

    def test_ping_range_fits_the_namespace(self):
        self.assertEqual('0 65535', defaults.sysctls(
            models.IdMap(1))['net.ipv4.ping_group_range'])
        self.assertEqual('0 2147483647', defaults.sysctls(
            None)['net.ipv4.ping_group_range'])
