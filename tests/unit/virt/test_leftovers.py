from unittest import mock

from oslotest import base

from novacontainer.client import exceptions
from novacontainer.virt import leftovers


class LeftoversTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.removed = mock.Mock()
        self.left = leftovers.Leftovers()

    def test_others(self):
        self.left.note('one', self.removed)
        self.left.remove('two')
        self.removed.assert_not_called()

    def test_once(self):
        self.left.note('one', self.removed)
        self.left.remove('one')
        self.left.remove('one')
        self.left.remove_all()
        self.removed.assert_called_once_with('one')

    def test_what_was_never_made(self):
        self.left.note('one', self.removed)
        self.removed.side_effect = exceptions.NotFound('No such container.')
        self.left.remove_all()
        self.left.remove_all()
        self.removed.assert_called_once_with('one')

    def test_what_stays_is_tried_again(self):
        self.left.note('one', self.removed)
        self.left.note('two', self.removed)
        self.removed.side_effect = exceptions.ConnectionFailed('Away.')
        self.left.remove_all()
        self.assertRaises(
            exceptions.ConnectionFailed, self.left.remove, 'one')
        self.removed.side_effect = None
        self.removed.reset_mock()
        self.left.remove_all()
        self.assertEqual(2, self.removed.call_count)
