from oslo_privsep import daemon
from oslo_utils import importutils
from oslotest import base

from novacontainer.virt.privsep import errors


class TestErrors(base.BaseTestCase):

    def test_rebuilt_from_name_and_arguments(self):
        for kind in (errors.RefusedError, errors.WiringError):
            original = kind('Cannot do that.')
            rebuilt = importutils.import_class(
                f'{kind.__module__}.{kind.__name__}')(*original.args)
            self.assertIs(kind, type(rebuilt))
            self.assertEqual('Cannot do that.', str(rebuilt))
            self.assertIsInstance(rebuilt, errors.NetworkError)


class TestSentence(base.BaseTestCase):

    def test_ours_speak_for_themselves(self):
        self.assertEqual(
            'Cannot do that.',
            errors.sentence(errors.WiringError('Cannot do that.')))

    def test_helper(self):
        for error in (daemon.FailedToDropPrivileges('exited (1)'),
                      OSError('Premature eof')):
            self.assertIsInstance(error, errors.CALL_FAILURES)
            message = errors.sentence(error)
            self.assertIn(str(error), message)
            self.assertIn('nova-rootwrap through sudo', message)
