"""Compiling filters; what they do is tested on the kernel."""

import base64
import struct

from oslotest import base
import pyseccomp

from novacontainer.runtime.engine import seccomp_bpf
from novacontainer.runtime import exception
from novacontainer.runtime.oci import defaults
from novacontainer.runtime.oci import seccomp

DOCUMENT = {
    'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 1,
    'architectures': ['SCMP_ARCH_X86_64'],
    'syscalls': [{'names': ['getpid', 'not_yet_invented'],
                  'action': 'SCMP_ACT_ALLOW'}]}


class TestCompiled(base.BaseTestCase):
    def test_is_a_program(self):
        program = base64.b64decode(seccomp_bpf.compiled(DOCUMENT))
        self.assertEqual(0, len(program) % 8)
        # It begins with our question for the number of the call.
        self.assertEqual((0x20, 0, 0, 0),
                         struct.unpack('=HBBI', program[:8]))

    def test_equal_documents_are_compiled_once(self):
        seccomp_bpf._compiled.cache_clear()
        one = seccomp.for_capabilities(defaults.CAPABILITIES).document
        seccomp_bpf.compiled(one)
        seccomp_bpf.compiled({**one})
        self.assertEqual(1, seccomp_bpf._compiled.cache_info().misses)

    def test_default_filter_uses_nothing_unknown(self):
        for machine in ('x86_64', 'aarch64'):
            document = seccomp.for_capabilities(
                defaults.ALL_CAPABILITIES, machine).document
            seccomp_bpf.compiled(document)

    def test_action_unknown(self):
        fault = self.assertRaises(
            exception.Internal, seccomp_bpf.compiled,
            {**DOCUMENT, 'defaultAction': 'SCMP_ACT_TEA'})
        self.assertEqual('engine.seccomp', fault.code)

    def test_libseccomp_fails(self):
        def export(self, file):
            raise OSError(12, 'no memory')

        self.patch(pyseccomp.SyscallFilter, 'export_bpf', export)
        fault = self.assertRaises(
            exception.Internal, seccomp_bpf.compiled,
            {**DOCUMENT, 'defaultErrnoRet': 77})
        self.assertIn('no memory', str(fault))
