"""The attach socket and the control fifo, with a conmon made of both."""

import os
import pathlib
import socket
import tempfile
import threading
from unittest import mock

from oslotest import base

from novacontainer.runtime.engine import attachments
from novacontainer.runtime import exception
from novacontainer.runtime.host import processes


class AttachmentsCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        # Longer than the address of a socket may be.
        self.directory = pathlib.Path(directory.name, 'x' * 100)
        self.directory.mkdir()
        # Who listens is this process, which is always busy.
        self.busy = []
        patcher = mock.patch.object(
            processes, 'is_busy',
            lambda pid: self.busy.append(pid) or len(self.busy) < 3)
        patcher.start()
        self.addCleanup(patcher.stop)

    def listen(self):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(listener.close)
        parent = os.open(self.directory, os.O_PATH)
        self.addCleanup(os.close, parent)
        listener.bind(f'/proc/self/fd/{parent}/attach')
        listener.listen()
        return listener


class TestAttach(AttachmentsCase):
    def test_streams_and_process(self):
        listener = self.listen()
        pid = os.getpid()
        attachment = attachments.attach(
            self.directory, pid, processes.start_ticks(pid))
        self.addCleanup(attachment.close)
        other, _ = listener.accept()
        self.addCleanup(other.close)
        other.send(b'\2text')
        self.assertEqual(b'\2text', attachment.connection.recv(100))
        self.assertIsNotNone(attachment.process)

    def test_until_it_is_taken(self):
        """Whom conmon has not taken at the end gets nothing."""
        self.listen()
        attachments.connect(self.directory).close()
        self.assertEqual([os.getpid()] * 3, self.busy)

    def test_not_taken_for_long(self):
        self.listen()
        with mock.patch.object(attachments, '_SETTLE_S', 0.0), \
                mock.patch.object(processes, 'is_busy', lambda pid: True):
            attachments.connect(self.directory).close()

    def test_process_that_has_ended(self):
        self.listen()
        attachment = attachments.attach(self.directory, 4194304, 1)
        self.addCleanup(attachment.close)
        self.assertIsNone(attachment.process)

    def test_nobody_there(self):
        fault = self.assertRaises(
            exception.Conflict, attachments.connect, self.directory)
        self.assertEqual('container.not_running', fault.code)
        self.listen().close()
        self.assertRaises(
            exception.Conflict, attachments.connect, self.directory)

    def test_not_a_socket_of_conmon(self):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(listener.close)
        parent = os.open(self.directory, os.O_PATH)
        self.addCleanup(os.close, parent)
        listener.bind(f'/proc/self/fd/{parent}/attach')
        fault = self.assertRaises(
            exception.Internal, attachments.connect, self.directory)
        self.assertEqual('engine.attach_failed', fault.code)


class TestResize(AttachmentsCase):
    def fifo(self, name):
        os.mkfifo(self.directory / name)
        fd = os.open(self.directory / name, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, fd)
        # As conmon does: else a read finds an end, not nothing.
        writer = os.open(self.directory / name, os.O_WRONLY)
        self.addCleanup(os.close, writer)
        os.set_blocking(fd, True)
        return fd, writer

    def test_one_after_the_other(self):
        control, _ = self.fifo('ctl')
        self.fifo('winsz')
        taken = []

        def conmon():
            while len(taken) < 3:
                taken.append(os.read(control, 100))

        thread = threading.Thread(target=conmon)
        thread.start()
        for rows in (1, 2, 3):
            attachments.resize(self.directory, rows, 80)
        thread.join()
        self.assertEqual([b'1 1 80\n', b'1 2 80\n', b'1 3 80\n'], taken)

    def test_conmon_that_is_busy(self):
        self.patch(attachments, '_SETTLE_S', 0.05)
        control, _ = self.fifo('ctl')
        self.fifo('winsz')
        attachments.resize(self.directory, 1, 2)
        attachments.resize(self.directory, 3, 4)
        self.assertEqual(b'1 1 2\n1 3 4\n', os.read(control, 100))

    def test_no_size(self):
        for rows, columns in ((-1, 80), (24, 65536)):
            fault = self.assertRaises(
                exception.InvalidRequest, attachments.resize,
                self.directory, rows, columns)
            self.assertEqual('terminal.size', fault.code)

    def test_nobody_there(self):
        self.assertRaises(exception.Conflict, attachments.resize,
                          self.directory, 1, 1)
        os.mkfifo(self.directory / 'ctl')
        self.assertRaises(exception.Conflict, attachments.resize,
                          self.directory, 1, 1)
