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

    def test_what_is_unknown(self):
        call = {'names': ['getpid'], 'action': 'SCMP_ACT_ALLOW', 'args': [
            {'index': 0, 'value': 1, 'op': 'SCMP_CMP_TEA'}]}
        for changed in ({'defaultAction': 'SCMP_ACT_TEA'},
                        {'architectures': ['SCMP_ARCH_TEA']},
                        {'architectures': ['x86_64']},
                        {'syscalls': [call]}):
            fault = self.assertRaises(
                exception.InvalidRequest, seccomp_bpf.compiled,
                {**DOCUMENT, **changed})
            self.assertEqual('engine.seccomp', fault.code)

    def test_every_action_and_comparison(self):
        for action in ('ALLOW', 'ERRNO', 'KILL', 'KILL_PROCESS', 'LOG',
                       'KILL_THREAD', 'TRACE', 'TRAP'):
            seccomp_bpf.compiled({
                **DOCUMENT, 'defaultAction': f'SCMP_ACT_{action}'})
        for op in ('EQ', 'NE', 'LT', 'LE', 'GE', 'GT', 'MASKED_EQ'):
            seccomp_bpf.compiled({**DOCUMENT, 'syscalls': [
                {'names': ['getpid'], 'action': 'SCMP_ACT_ALLOW', 'args': [
                    {'index': 0, 'value': 1, 'op': f'SCMP_CMP_{op}'}]}]})

    def test_calls_unknown_here_pass_where_all_do(self):
        program = base64.b64decode(seccomp_bpf.compiled({
            **DOCUMENT, 'defaultAction': 'SCMP_ACT_ALLOW'}))
        asked = base64.b64decode(seccomp_bpf.compiled(DOCUMENT))
        self.assertNotEqual(asked[:32], program[:32])

    def test_libseccomp_fails(self):
        def export(self, file):
            raise OSError(12, 'no memory')

        self.patch(pyseccomp.SyscallFilter, 'export_bpf', export)
        fault = self.assertRaises(
            exception.Internal, seccomp_bpf.compiled,
            {**DOCUMENT, 'defaultErrnoRet': 77})
        self.assertIn('no memory', str(fault))
