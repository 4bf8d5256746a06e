import resource
from unittest import mock

from oslotest import base

from novacontainer.runtime.host import rlimits


class RlimitsTest(base.BaseTestCase):

    def test_only_hard_limits_are_lifted(self):
        with (mock.patch.object(resource, 'getrlimit',
                                return_value=(10, 20)),
              mock.patch.object(resource, 'setrlimit') as lift):
            self.assertTrue(rlimits.lift_hard())
        lifted = {call.args[0]: call.args[1] for call in
                  lift.call_args_list}
        self.assertEqual((10, -1), lifted[resource.RLIMIT_NPROC])
        self.assertEqual(10, lifted[resource.RLIMIT_NOFILE][0])
        self.assertGreaterEqual(lifted[resource.RLIMIT_NOFILE][1], 65536)
        self.assertNotIn(resource.RLIMIT_RTPRIO, lifted)
        self.assertNotIn(resource.RLIMIT_NICE, lifted)

    def test_without_the_privilege(self):
        with mock.patch.object(resource, 'setrlimit',
                               side_effect=ValueError('not allowed')):
            self.assertFalse(rlimits.lift_hard())

    def test_hard(self):
        found = rlimits.hard()
        self.assertEqual(
            resource.getrlimit(resource.RLIMIT_NOFILE)[1], found['nofile'])
        self.assertIn('rtprio', found)
