import contextlib
from unittest import mock

from nova import exception
from oslotest import base

from novacontainer import client as runtime
from novacontainer.client import containers
from novacontainer.client import exceptions
from novacontainer.virt import consoleops
from tests import instances


class ConsoleOpsTestCase(base.BaseTestCase):

    def output(self, *pieces):
        client = mock.create_autospec(
            runtime.Client('/nonexistent'), instance=True)
        client.containers = mock.create_autospec(
            containers.Containers, instance=True)
        client.containers.logs.return_value = contextlib.nullcontext(
            iter(pieces))
        self.client = client
        return consoleops.ConsoleOps(client)

    def test_text(self):
        ops = self.output(b'one\n', b'two\n')
        self.assertEqual('one\ntwo\n',
                         ops.get_console_output(instances.instance()))

    def test_nothing(self):
        self.assertEqual(
            '', self.output().get_console_output(instances.instance()))

    def test_whatever_there_is_survives_the_manager(self):
        """The compute manager encodes in latin-1."""
        ops = self.output('grüß ☺\n'.encode(), b'\xff\xfe\0\x1b[1m\n')
        text = ops.get_console_output(instances.instance())
        self.assertEqual('gr?? ?\n??\0\x1b[1m\n', text)
        self.assertEqual(text, text.encode('latin-1').decode('ascii'))

    def test_character_cut_in_two_pieces(self):
        whole = 'ü'.encode()
        ops = self.output(whole[:1], whole[1:])
        self.assertEqual('?', ops.get_console_output(instances.instance()))

    def test_bounded(self):
        ops = self.output(*[b'x' * 10_000] * 30, b'end')
        text = ops.get_console_output(instances.instance())
        self.assertEqual(consoleops.MAX_BYTES, len(text))
        self.assertTrue(text.endswith('xend'))

    def test_not_all_is_read_for_the_end(self):
        ops = self.output(b'end')
        ops.get_console_output(instances.instance())
        self.assertLessEqual(
            self.client.containers.logs.call_args.kwargs['tail_lines'],
            consoleops.MAX_BYTES)

    def test_no_runtime(self):
        ops = self.output()
        self.client.containers.logs.side_effect = (
            exceptions.ConnectionFailed('No'))
        self.assertRaises(exception.HypervisorUnavailable,
                          ops.get_console_output, instances.instance())

    def test_runtime_that_goes_in_the_middle(self):
        def pieces():
            yield b'some'
            raise exceptions.ConnectionFailed('No')

        ops = self.output()
        self.client.containers.logs.return_value = contextlib.nullcontext(
            pieces())
        self.assertRaises(exception.HypervisorUnavailable,
                          ops.get_console_output, instances.instance())

    def test_no_container(self):
        ops = self.output()
        self.client.containers.logs.side_effect = exceptions.NotFound('No')
        self.assertRaises(exception.InstanceNotFound,
                          ops.get_console_output, instances.instance())
