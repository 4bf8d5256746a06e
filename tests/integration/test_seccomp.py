"""The compiled filter, loaded: what the kernel answers to real calls.

A child process loads the filter as crun would, makes the calls through libc
and reports each errno.
"""

import base64
import errno
import json
import platform
import subprocess
import sys
import textwrap
import unittest

from oslotest import base

from novacontainer.runtime.engine import seccomp_bpf
from novacontainer.runtime.oci import defaults
from novacontainer.runtime.oci import seccomp

#: Reads {"program": base64, "calls": [[number, arg, …], …]}; writes the
#: errno of each call, 0 for success.
_CHILD = textwrap.dedent("""
    import base64, ctypes, json, os, sys
    job = json.load(sys.stdin)
    program = base64.b64decode(job['program'])
    libc = ctypes.CDLL(None, use_errno=True)

    class Program(ctypes.Structure):
        _fields_ = [('length', ctypes.c_ushort),
                    ('filter', ctypes.c_char_p)]

    prog = Program(len(program) // 8, program)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.byref(prog), 0, 0) == 0, 'load'
    answers = []
    for number, *args in job['calls']:
        ctypes.set_errno(0)
        result = libc.syscall(ctypes.c_long(number),
                              *map(ctypes.c_ulong, args))
        answers.append(ctypes.get_errno() if result == -1 else 0)
    os.write(1, json.dumps(answers).encode())
    os._exit(0)
    """)

# Numbers of x86_64 (arch/x86/entry/syscalls/syscall_64.tbl).
SOCKET, CLONE, PERSONALITY, UNSHARE, KEYCTL, BPF, IO_URING_SETUP, CLONE3 = (
    41, 56, 135, 272, 250, 321, 425, 435)
GETPID, MOUNT, REBOOT, USERFAULTFD = 39, 165, 169, 323

NEWNS, NEWUSER, SIGCHLD = 0x20000, 0x10000000, 17


@unittest.skipUnless(platform.machine() == 'x86_64',
                     'the numbers of the calls are those of x86_64')
class TestFilter(base.BaseTestCase):
    def answers(self, *calls, capabilities=defaults.CAPABILITIES):
        document = seccomp.for_capabilities(
            frozenset(capabilities)).document
        job = {'program': seccomp_bpf.compiled(document), 'calls': calls}
        child = subprocess.run(
            [sys.executable, '-I', '-S', '-c', _CHILD],
            input=json.dumps(job), capture_output=True, text=True,
            check=False)
        self.assertEqual(0, child.returncode, child.stderr)
        return json.loads(child.stdout)

    def test_allowed(self):
        self.assertEqual([0, 0], self.answers(
            [GETPID], [SOCKET, 1, 1, 0]))

    def test_refused_by_default(self):
        calls = [[UNSHARE, NEWUSER], [KEYCTL, 0, 0, 0], [BPF, 0, 0, 0],
                 [IO_URING_SETUP, 1, 0], [MOUNT, 0, 0, 0, 0, 0],
                 [REBOOT, 0, 0, 0], [USERFAULTFD, 0]]
        self.assertEqual([errno.EPERM] * len(calls), self.answers(*calls))

    def test_clone_only_without_namespaces(self):
        # An invalid combination tells from a refusal: CLONE_THREAD alone.
        invalid = 0x10000
        self.assertEqual([errno.EINVAL, errno.EPERM, errno.EPERM],
                         self.answers([CLONE, invalid],
                                      [CLONE, invalid | NEWNS],
                                      [CLONE, NEWUSER | SIGCHLD]))

    def test_clone3_looks_missing(self):
        self.assertEqual([errno.ENOSYS], self.answers([CLONE3, 0, 0]))

    def test_calls_newer_than_the_filter_look_missing(self):
        """So that a C library falls back instead of failing."""
        self.assertEqual([errno.ENOSYS] * 3,
                         self.answers([999], [0x0effff], [462, 0, 0, 0]))

    def test_personality(self):
        ask, none, no_randomize = 0xffffffff, 0, 0x0040000
        self.assertEqual([0, 0, errno.EPERM], self.answers(
            [PERSONALITY, ask], [PERSONALITY, none],
            [PERSONALITY, no_randomize]))

    def test_vsock(self):
        self.assertEqual([errno.EPERM], self.answers([SOCKET, 40, 1, 0]))

    def test_x32_calls_are_filtered_too(self):
        x32 = 0x40000000
        self.assertIn(self.answers([x32 | UNSHARE, NEWUSER])[0],
                      (errno.EPERM, errno.ENOSYS))

    def test_sys_admin_may_make_namespaces(self):
        with_admin = defaults.CAPABILITIES | {'CAP_SYS_ADMIN'}
        # EINVAL and EFAULT come from the kernel itself.
        self.assertEqual([errno.EINVAL, errno.EINVAL], self.answers(
            [UNSHARE, 1], [CLONE3, 0, 0], capabilities=with_admin))

    def test_only_what_the_capability_is_for(self):
        with_boot = defaults.CAPABILITIES | {'CAP_SYS_BOOT'}
        self.assertEqual([errno.EINVAL, errno.EPERM], self.answers(
            [REBOOT, 0, 0, 0], [UNSHARE, NEWUSER], capabilities=with_boot))

    def test_fits_the_kernel(self):
        program = base64.b64decode(seccomp_bpf.compiled(
            seccomp.for_capabilities(defaults.ALL_CAPABILITIES).document))
        self.assertEqual(0, len(program) % 8)
        self.assertLess(len(program) // 8, 4096)
