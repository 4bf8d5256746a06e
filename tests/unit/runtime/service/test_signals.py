import signal

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.service import signals


class SignalsTest(base.BaseTestCase):

    def test_known(self):
        for text, number in (
                ('TERM', 15), ('SIGTERM', 15), ('sigkill', 9), ('9', 9),
                (' HUP ', 1), ('RTMIN', signal.SIGRTMIN), ('64', 64),
                ('RTMIN+3', signal.SIGRTMIN + 3),
                ('SIGRTMAX-1', signal.SIGRTMAX - 1)):
            self.assertEqual(number, signals.number(text))

    def test_unknown(self):
        for text in ('', '0', '65', '-1', 'SIG', 'NOSUCH', 'RTMIN-1',
                     'RTMAX+1', 'RTMIN+99', '_DFL', '\u0663'):
            self.assertRaises(
                exception.InvalidRequest, signals.number, text)
