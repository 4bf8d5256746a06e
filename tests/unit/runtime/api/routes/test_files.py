from novacontainer.runtime import exception
from novacontainer.runtime import models
from tests.unit.runtime.api import served


class FileRoutesTest(served.ServedTestCase):

    def test_changes(self):
        self.assertIsNone(self.call('GET', '/containers/web/changes').json)
        self.differences.give('list', [
            models.Change('/a', models.ChangeKind.DELETED)])
        self.assertEqual(
            [{'Path': '/a', 'Kind': 2}],
            self.call('GET', '/containers/web/changes').json)

    def test_no_container(self):
        self.differences.give('list', exception.NotFound('No such container'))
        self.assertEqual(
            404, self.call('GET', '/containers/web/changes').status)
