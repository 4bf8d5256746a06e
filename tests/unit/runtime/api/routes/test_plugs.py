from novacontainer.runtime import exception
from tests.unit.runtime.api import served

DEVICE = {'PathOnHost': '/dev/loop7', 'PathInContainer': '/dev/vdb'}


class PlugsTest(served.ServedTestCase):

    def test_plug(self):
        self.plugs.give('plug', None)
        answer = self.call('POST', '/containers/web/devices', DEVICE)
        self.assertEqual((204, b''), (answer.status, answer.body))
        self.assertEqual(('plug', ('web', DEVICE), {}), self.plugs.calls[-1])

    def test_unplug(self):
        self.plugs.give('unplug', None)
        answer = self.call('DELETE',
                           '/v1.44/containers/web/devices?path=/dev/vdb')
        self.assertEqual(204, answer.status)
        self.assertEqual(('unplug', ('web', '/dev/vdb', False), {}),
                         self.plugs.calls[-1])
        self.call('DELETE', '/containers/web/devices?path=/dev/vdb&force=1')
        self.assertEqual(('unplug', ('web', '/dev/vdb', True), {}),
                         self.plugs.calls[-1])

    def test_bad_input(self):
        for body in ({}, {'PathOnHost': 1}, []):
            answer = self.call('POST', '/containers/web/devices', body)
            self.assertEqual(400, answer.status, answer.body)
        answer = self.call('DELETE', '/containers/web/devices')
        self.assertEqual(400, answer.status)
        self.assertIn('?path=', answer.json['message'])
        self.plugs.give('unplug', exception.NotFound('no device'))
        answer = self.call('DELETE', '/containers/web/devices?path=/dev/x')
        self.assertEqual(404, answer.status)
