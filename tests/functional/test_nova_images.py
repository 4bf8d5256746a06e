"""Servers that become images, and images that replace servers."""


from tests.functional import novaservers


class ImagesTestCase(novaservers.ServersTestCase):

    CAST_AS_CALL = False

    def named(self, name):
        """The images of that name that have data."""
        return [image for image in self.glance.images.values()
                if image['name'] == name and image['status'] == 'active'
                and image['id'] in self.glance._imagedata]

    def snapshot(self, server, name):
        self.api.post_server_action(
            server['id'], {'createImage': {'name': name}})
        self.wait_for(lambda: self.named(name))
        self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})
        image, = self.named(name)
        return image['id']


class RebuildTestCase(ImagesTestCase):
    """Nova does it with a destroy and a spawn, and keeps the ports."""

    def rebuild(self, server, image, until='ACTIVE'):
        return self.act(server, 'rebuild', until, {'imageRef': image})

    def test_to_another_image(self):
        server = self.boot()
        self.write(server, 'lost')
        other = self.image(
            ['sh', '-c', 'echo other; ip -o -4 addr show dev eth0; '
                         'cat /marker; sleep 1000'])
        server = self.rebuild(server, other)
        text = self.console(server, 'No such file')
        self.assertIn('other', text)
        self.assertIn(f'inet {self.address(server)}/24', text)
        self.assertEqual(1, len(self.host.switch.ports()))
        self._delete_server(server)
        self.assertNothingLeft()

    def test_of_what_is_stopped(self):
        server = self.boot()
        self._stop_server(server)
        self.rebuild(server, server['image']['id'], 'SHUTOFF')
        self._start_server(server)
        self.console(server, f'inet {self.address(server)}/24')

    def test_that_fails_can_be_done_again(self):
        server = self.boot()
        good = server['image']['id']
        bad = self.image(archive=b'This is no tar.' * 1000)
        server = self.rebuild(server, bad, 'ERROR')
        self.assertIn('is unacceptable', server['fault']['message'])
        server = self.rebuild(server, good)
        self.console(server, f'inet {self.address(server)}/24')
        self._delete_server(server)
        self.assertNothingLeft()

    def test_of_what_was_removed_by_hand(self):
        server = self.boot()
        self.compute.manager.driver._lifecycle.stop()
        self.host.daemon.request(
            'DELETE', f'/containers/nova-{server["id"]}?force=1')
        self.rebuild(server, server['image']['id'])
        self.console(server, f'inet {self.address(server)}/24')


class ShelveTestCase(ImagesTestCase):

    def setUp(self):
        super().setUp()
        self.flags(shelved_offload_time=-1)

    def test_shelve_and_unshelve(self):
        server = self.boot()
        self.write(server, 'kept')
        self.act(server, 'shelve', 'SHELVED')
        self.assertEqual('exited', self.status(server))
        self.act(server, 'unshelve', 'ACTIVE')
        self.console(server, 'kept')

    def test_offload(self):
        server = self.boot()
        self.write(server, 'kept')
        self.act(server, 'shelve', 'SHELVED')
        self.act(server, 'shelveOffload', 'SHELVED_OFFLOADED')
        self.assertNothingLeft()
        server = self.act(server, 'unshelve', 'ACTIVE')
        text = self.console(server, 'kept')
        self.assertIn(f'inet {self.address(server)}/24', text)
        self._delete_server(server)
        self.assertNothingLeft()


class SnapshotTestCase(ImagesTestCase):

    def test_in_every_state(self):
        server = self.boot()
        self.write(server, 'running')
        images = [('running', self.snapshot(server, 'of-running'))]
        self.write(server, 'paused')
        self.act(server, 'pause', 'PAUSED')
        images.append(('paused', self.snapshot(server, 'of-paused')))
        self.assertEqual('paused', self.status(server))
        self.act(server, 'unpause', 'ACTIVE')
        self.write(server, 'stopped')
        self._stop_server(server)
        images.append(('stopped', self.snapshot(server, 'of-stopped')))
        self._delete_server(server)
        for word, image in images:
            copy = self.boot(image=image)
            self.console(copy, f'{word}\n')
            self._delete_server(copy)

    def test_of_what_was_removed_by_hand(self):
        server = self.boot()
        self.compute.manager.driver._lifecycle.stop()
        self.host.daemon.request(
            'DELETE', f'/containers/nova-{server["id"]}?force=1')
        self.api.post_server_action(
            server['id'], {'createImage': {'name': 'nothing'}})
        self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})
        self.assertEqual([], self.named('nothing'))

    def test_backup_keeps_the_newest(self):
        server = self.boot()
        for name in ('one', 'two', 'three'):
            self.write(server, name)
            self.api.post_server_action(server['id'], {'createBackup': {
                'name': name, 'backup_type': 'daily', 'rotation': 2}})
            self.wait_for(lambda name=name: self.named(name))
            self._wait_for_server_parameter(
                server, {'OS-EXT-STS:task_state': None})
        self.wait_for(lambda: not self.named('one'))
        self.assertTrue(self.named('two') and self.named('three'))
