import json
import platform
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.oci import seccomp_profile

ALLOW, ERRNO = 'SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO'


def profile(*calls, **fields):
    """Make a profile that allows but for these rules."""
    return json.dumps({'defaultAction': ALLOW,
                       'syscalls': list(calls), **fields})


def rule(name, **fields):
    return {'names': [name], 'action': ERRNO, **fields}


class FilteredTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        for name, value in (('machine', 'x86_64'), ('release', '6.1.0-9')):
            patcher = mock.patch.object(
                platform, name, return_value=value)
            patcher.start()
            self.addCleanup(patcher.stop)
        seccomp_profile.filtered.cache_clear()
        self.addCleanup(seccomp_profile.filtered.cache_clear)

    def names(self, *calls, capabilities=()):
        """Return the names in the rules that apply."""
        found = seccomp_profile.filtered(
            profile(*calls), frozenset(capabilities))
        return [name for one in found['syscalls'] for name in one['names']]

    def test_document(self):
        found = seccomp_profile.filtered(profile(
            {'name': 'mkdir', 'action': ERRNO, 'errnoRet': 13,
             'comment': 'why', 'args': [
                 {'index': 0, 'value': 7, 'valueTwo': 9,
                  'op': 'SCMP_CMP_MASKED_EQ'}]},
            rule('chmod', args=None, includes=None), defaultErrnoRet=38,
            archMap=[{'architecture': 'SCMP_ARCH_X86_64',
                      'subArchitectures': ['SCMP_ARCH_X86']},
                     {'architecture': 'SCMP_ARCH_AARCH64',
                      'subArchitectures': ['SCMP_ARCH_ARM']}]), frozenset())
        self.assertEqual({
            'defaultAction': ALLOW, 'defaultErrnoRet': 38,
            'architectures': ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
            'syscalls': [
                {'names': ['mkdir'], 'action': ERRNO, 'errnoRet': 13,
                 'args': [{'index': 0, 'value': 7, 'valueTwo': 9,
                           'op': 'SCMP_CMP_MASKED_EQ'}]},
                {'names': ['chmod'], 'action': ERRNO}]}, found)

    def test_architectures(self):
        found = seccomp_profile.filtered(
            profile(architectures=['SCMP_ARCH_X86_64']), frozenset())
        self.assertEqual(['SCMP_ARCH_X86_64'], found['architectures'])

    def test_conditions(self):
        self.assertEqual(['b', 'd', 'f', 'h'], self.names(
            rule('a', includes={'arches': ['arm64']}),
            rule('b', includes={'arches': ['amd64']}),
            rule('c', includes={'minKernel': '6.2'}),
            rule('d', includes={'minKernel': '6.1'}),
            rule('e', excludes={'arches': ['amd64']}),
            rule('f', excludes={'arches': ['arm64']}),
            rule('g', excludes={'minKernel': '5.10'}),
            rule('h', excludes={'minKernel': '6.2'})))

    def test_capabilities(self):
        calls = (rule('a', includes={'caps': ['CAP_SYS_ADMIN']}),
                 rule('b', excludes={'caps': ['CAP_SYS_ADMIN']}))
        self.assertEqual(['b'], self.names(*calls))
        self.assertEqual(['a'], self.names(
            *calls, capabilities=['CAP_SYS_ADMIN']))

    def test_refused(self):
        for text, words in (
                ('{', 'Expecting'), ('[]', 'object'), ('{}', 'defaultAction'),
                (profile({'names': ['a'], 'action': 'SCMP_ACT_NOTIFY'}),
                 'SCMP_ACT_NOTIFY'),
                (profile(rule(7)), 'syscalls[0].names[0]'),
                (profile(rule('a', args=[{'index': 9, 'value': 0,
                                          'op': 'SCMP_CMP_EQ'}])), 'index'),
                (profile(rule('a', includes={'minKernel': 'six'})),
                 'minKernel'),
                ('[' * 100_000, 'Decoding seccomp profile failed')):
            error = self.assertRaises(
                exception.InvalidRequest, seccomp_profile.check, text)
            self.assertIn(words, error.message)
