"""How instances end: by themselves, in their own time, or not at all."""

from demo import images
from tests.cloud import cloudcase

#: Serves the note that an instance wrote as it ended, three seconds after it
#: was asked to.
_SLOW = ("sh -c 'trap \"sleep 3; echo ended > /www/note.txt; exit 0\" TERM; "
         "httpd -f -p 80 -h /www & wait'")


class EndingsTest(cloudcase.CloudTestCase):

    def test_command_that_ends_by_itself(self):
        server = self.boot(images.DEBIAN, metadata={
            'novacontainer_command': 'sleep 5'})
        # Nova's own look at it comes every ten minutes.
        self.wait(server, 'SHUTOFF')
        self.compute.start_server(server)
        self.wait(server, 'ACTIVE')

    def stopped_and_started(self, timeout_s):
        """An instance that was stopped with this much time to end."""
        server = self.boot(self.upload_web(
            os_command_line=_SLOW, os_shutdown_timeout=timeout_s))
        self.until('it answers', lambda: self.answers(server))
        self.compute.stop_server(server)
        self.wait(server, 'SHUTOFF')
        self.compute.start_server(server)
        self.wait(server, 'ACTIVE')
        self.until('it answers again', lambda: self.answers(server))
        return server

    def test_stop_waits_for_the_command(self):
        self.assertEqual('ended', self.note(self.stopped_and_started('30')))

    def test_stop_waits_no_longer_than_it_is_told(self):
        server = self.stopped_and_started('1')
        self.assertIsNone(self.neighbour.fetch(
            self.address(server), '/note.txt'))

    def test_locked_instances_are_left_alone(self):
        server = self.boot()
        self.compute.lock_server(server)
        with self.assertRaisesRegex(Exception, 'is locked'):
            self.compute.stop_server(server)
        self.compute.unlock_server(server)
        self.compute.add_tag_to_server(server, 'kept')
        self.compute.stop_server(server)
        self.wait(server, 'SHUTOFF')
        self.assertEqual([server.id], [
            found.id for found in self.compute.servers(tags='kept')])
