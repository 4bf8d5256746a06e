"""The system call filter, held against the one that Debian ships."""

import dataclasses
import json
import pathlib
import unittest

from oslotest import base

from novacontainer.runtime.oci import defaults
from novacontainer.runtime.oci import seccomp
from tests.unit.runtime.oci import test_spec

#: Installed by Debian's golang-github-containers-common.
ORACLE = pathlib.Path('/usr/share/containers/seccomp.json')

#: Allowed there and not here, as in Docker's own profile.
STRICTER = {
    # Namespaces and mounts: only with CAP_SYS_ADMIN.
    'clone', 'clone3', 'fsconfig', 'fsmount', 'fsopen', 'fspick', 'mount',
    'mount_setattr', 'move_mount', 'open_tree', 'setns', 'umount', 'umount2',
    'unshare', 'pivot_root',
    # Only with the capability they need.
    'get_mempolicy', 'mbind', 'set_mempolicy', 'pidfd_getfd', 'reboot',
    'syslog',
    # Keys are not namespaced; sockets are allowed by address family.
    'keyctl', 'socket',
    # No such calls on any architecture of ours.
    'readdir', 'syscall', 'timerfd',
}
#: Allowed here and not there.
WIDER = {
    # Newer than that profile.
    'cachestat', 'fchmodat2', 'futex_requeue', 'futex_wait', 'futex_waitv',
    'futex_wake', 'map_shadow_stack', 'mseal',
    # In Docker's.
    'io_pgetevents', 'io_pgetevents_time64', 'ustat', 'vmsplice',
}


def allowed(capabilities=defaults.CAPABILITIES, machine='x86_64'):
    document = seccomp.for_capabilities(
        frozenset(capabilities), machine).document
    return set(document['syscalls'][0]['names'])


def oracle_allows(capabilities):
    names = set()
    for rule in json.loads(ORACLE.read_text())['syscalls']:
        included, excluded = rule['includes'], rule['excludes']
        fits = (
            'amd64' in included.get('arches', ['amd64'])
            and 'amd64' not in excluded.get('arches', [])
            and capabilities.issuperset(included.get('caps', []))
            and not capabilities.intersection(excluded.get('caps', [])))
        if fits and rule['action'] == 'SCMP_ACT_ALLOW' and not rule['args']:
            names.update(rule['names'])
    return names


class TestDefault(base.BaseTestCase):
    def test_names_are_sorted_and_unique(self):
        for rule in seccomp.for_capabilities(
                defaults.CAPABILITIES).document['syscalls']:
            self.assertEqual(sorted(set(rule['names'])), rule['names'])

    def test_refuses_with_eperm(self):
        document = seccomp.for_capabilities(
            defaults.CAPABILITIES, 'x86_64').document
        self.assertEqual('SCMP_ACT_ERRNO', document['defaultAction'])
        self.assertEqual(1, document['defaultErrnoRet'])
        self.assertEqual(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86',
                          'SCMP_ARCH_X32'], document['architectures'])

    def test_machines(self):
        arm = seccomp.for_capabilities(
            defaults.CAPABILITIES, 'aarch64').document
        self.assertEqual(['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
                         arm['architectures'])
        self.assertIn('set_tls', allowed(machine='aarch64'))
        self.assertNotIn('set_tls', allowed())
        self.assertIn('arch_prctl', allowed())
        self.assertNotIn('arch_prctl', allowed(machine='aarch64'))

    def test_capabilities_open_their_calls(self):
        for capability, call in (
                ('CAP_SYS_ADMIN', 'mount'), ('CAP_SYS_TIME', 'settimeofday'),
                ('CAP_SYS_BOOT', 'reboot'), ('CAP_SYSLOG', 'syslog'),
                ('CAP_SYS_MODULE', 'init_module'), ('CAP_BPF', 'bpf'),
                ('CAP_PERFMON', 'perf_event_open'),
                ('CAP_DAC_READ_SEARCH', 'open_by_handle_at')):
            self.assertNotIn(call, allowed())
            self.assertIn(call, allowed({capability}))
        self.assertIn('chroot', allowed())
        self.assertNotIn('chroot', allowed(()))

    def test_never_allowed(self):
        never = {'kexec_load', 'swapon', 'keyctl', 'add_key', 'userfaultfd',
                 'io_uring_setup', 'pivot_root', 'nfsservctl'}
        self.assertEqual(
            set(), never & allowed(defaults.ALL_CAPABILITIES))

    def test_clone(self):
        rules = seccomp.for_capabilities(
            defaults.CAPABILITIES).document['syscalls']
        clone = [rule for rule in rules if rule['names'] == ['clone']]
        self.assertEqual(
            [{'index': 0, 'value': 0x7e020000, 'valueTwo': 0,
              'op': 'SCMP_CMP_MASKED_EQ'}], clone[0]['args'])
        clone3 = [rule for rule in rules if rule['names'] == ['clone3']]
        self.assertEqual(38, clone3[0]['errnoRet'])
        self.assertIn('clone', allowed({'CAP_SYS_ADMIN'}))

    @unittest.skipUnless(ORACLE.exists(), f'{ORACLE} is not installed')
    def test_differs_from_debians_only_where_it_says(self):
        theirs = oracle_allows(defaults.CAPABILITIES)
        self.assertEqual(STRICTER, theirs - allowed())
        self.assertEqual(WIDER, allowed() - theirs)


class TestForContainer(base.BaseTestCase):
    def filter_of(self, **changes):
        return seccomp.for_container(
            dataclasses.replace(test_spec.SPEC, **changes))

    def test_unconfined(self):
        self.assertIsNone(self.filter_of(seccomp_unconfined=True))
        self.assertIsNone(self.filter_of(privileged=True))

    def test_shared_between_equals(self):
        self.assertIs(self.filter_of(), self.filter_of(id='other'))
        self.assertIsNot(self.filter_of(),
                         self.filter_of(cap_add=('SYS_ADMIN',)))
