import fixtures

from novacontainer.cli.doctor import openstack
from tests.unit.cli.doctor import hostroot


class OpenStackTestCase(hostroot.HostRootTestCase):

    def check(self):
        return [(str(one.grade), one.subject, one.seen)
                for one in openstack.check(self.root, '/s')]

    def test_neither_is_here(self):
        self.assertEqual([], self.check())

    def test_all_is_well(self):
        self.write('etc/nova/nova.conf',
                   '[DEFAULT]\ncompute_driver = libvirt.LibvirtDriver\n'
                   'log_file = a\nlog_file = b\n')
        self.write('etc/nova/nova-compute.conf',
                   '[DEFAULT]\ncompute_driver=novacontainer.ContainerDriver\n'
                   '[novacontainer]\nsocket_path = /s\n')
        self.write('etc/glance/glance-api.conf', '[DEFAULT]\n')
        self.assertEqual([
            ('ok', 'nova.conf',
             'compute_driver is novacontainer.ContainerDriver'),
            ('ok', 'Glance', 'takes images of the format docker')],
            self.check())

    def test_another_driver(self):
        for text, name in (('', 'nothing'), ('compute_driver', 'nothing'),
                           ('compute_driver = fake.FakeDriver',
                            'fake.FakeDriver')):
            self.write('etc/nova/nova.conf', f'[DEFAULT]\n{text}\n')
            self.assertEqual(
                [('warn', 'nova.conf', f'compute_driver is {name}')],
                self.check())

    def test_another_daemon(self):
        self.write('etc/nova/nova.conf',
                   '[DEFAULT]\ncompute_driver=novacontainer.ContainerDriver\n'
                   '[novacontainer]\nsocket_path = /other\n')
        self.assertIn(
            ('warn', 'nova.conf', 'socket_path is /other, not /s'),
            self.check())

    def test_unreadable(self):
        for text in ('no section\n', '[DEFAULT\n'):
            self.write('etc/nova/nova.conf', text)
            self.write('etc/glance/glance-api.conf', text)
            (grade, _, seen), (other, _, _) = self.check()
            self.assertEqual(('warn', 'warn'), (grade, other))
            self.assertIn('cannot be read: /etc/nova/nova.conf', seen)

    def test_not_ours_to_read(self):
        self.write('etc/nova/nova.conf', '')
        self.useFixture(fixtures.MockPatch(
            'pathlib.Path.open', side_effect=PermissionError(
                13, 'Permission denied', '/etc/nova/nova.conf')))
        self.assertEqual(
            [('warn', 'nova.conf', 'cannot be read: /etc/nova/nova.conf: '
              'Permission denied')], self.check())

    def test_glance_without_the_format(self):
        self.write('etc/glance/glance-api.conf', '[image_format]\n'
                   'container_formats = bare,ovf\n')
        self.assertEqual([('FAIL', 'Glance', 'takes bare, ovf only')],
                         self.check())

    def test_glance_converts(self):
        self.write('etc/glance/glance-api.conf', '[image_format]\n'
                   'container_formats = ["bare", "docker"]\n'
                   '[image_import_options]\n'
                   "image_import_plugins = ['image_conversion']\n")
        self.assertEqual(
            [('ok', 'Glance', 'takes images of the format docker'),
             ('warn', 'Glance', 'converts what is imported')], self.check())
