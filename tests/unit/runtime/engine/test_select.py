"""Which OCI runtime a host gets, and why."""

import pathlib
import tempfile
from unittest import mock

from oslotest import base

from novacontainer.runtime.engine import select
from novacontainer.runtime.engine import supervised
from novacontainer.runtime import exception
from novacontainer.runtime.host import mounts


class SelectCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.installed = {'crun', 'runc', 'conmon'}
        self.patch(select, '_found', self.found)
        self.engine = self.patch(supervised, 'Supervised', mock.Mock())
        self.mount = self.patch(mounts, 'mount', mock.Mock())

    def patch(self, owner, name, value):
        super().patch(owner, name, value)
        return value

    def found(self, name):
        name = pathlib.Path(name).name
        return pathlib.Path('/usr/bin', name) if name in self.installed \
            else None

    def hybrid(self, controllers='', used=''):
        unified = self.root / 'unified'
        unified.mkdir()
        (unified / 'cgroup.controllers').write_text(controllers)
        (unified / 'cgroup.subtree_control').write_text(used)

    def version2(self):
        (self.root / 'cgroup.controllers').write_text('cpu memory pids')

    def chosen(self, runtime=select.AUTO):
        select.choose(run_root=self.root, runtime=runtime,
                      cgroup_root=self.root)
        return self.engine.call_args.args[1].name


class TestChoose(SelectCase):
    def test_crun_on_version_2(self):
        self.version2()
        self.assertEqual('crun', self.chosen())

    def test_crun_on_clean_hybrid(self):
        self.hybrid()
        self.assertEqual('crun', self.chosen())
        self.mount.assert_not_called()

    def test_hugetlb_is_moved_for_crun(self):
        self.hybrid('hugetlb\n')

        def moved(*args):
            (self.root / 'unified/cgroup.controllers').write_text('\n')

        self.mount.side_effect = moved
        self.assertEqual('crun', self.chosen())
        self.mount.assert_called_once()
        self.assertEqual(str(self.root / 'hugetlb'),
                         self.mount.call_args.args[1])

    def test_hugetlb_in_use_is_left_alone(self):
        self.hybrid('hugetlb', 'hugetlb')
        self.assertEqual('runc', self.chosen())
        self.mount.assert_not_called()

    def test_hugetlb_that_the_kernel_keeps(self):
        self.hybrid('hugetlb')
        self.mount.side_effect = OSError(16, 'busy')
        self.assertEqual('runc', self.chosen())
        self.assertFalse((self.root / 'hugetlb').exists())

    def test_other_controllers_are_left_alone(self):
        self.hybrid('hugetlb memory')
        self.assertEqual('runc', self.chosen())
        self.mount.assert_not_called()

    def test_says_why_in_one_line(self):
        self.hybrid('memory')
        with mock.patch.object(select.LOG, 'info') as log:
            self.chosen()
        self.assertEqual(1, log.call_count)
        text = log.call_args.args[0] % log.call_args.args[1:]
        self.assertIn('crun cannot be used', text)
        self.assertIn('memory', text)

    def test_only_runc_installed(self):
        self.version2()
        self.installed.remove('crun')
        self.assertEqual('runc', self.chosen())

    def test_neither_installed(self):
        self.version2()
        self.installed = {'conmon'}
        fault = self.assertRaises(exception.NotSupported, self.chosen)
        self.assertEqual('host.oci_runtime', fault.code)

    def test_configured(self):
        self.hybrid('memory')
        self.assertEqual('runc', self.chosen('runc'))
        self.assertEqual('runc', self.chosen('/opt/bin/runc'))
        for runtime in ('crun', 'kata'):
            fault = self.assertRaises(
                exception.NotSupported, self.chosen, runtime)
            self.assertEqual('host.oci_runtime', fault.code)

    def test_no_conmon(self):
        self.version2()
        self.installed.remove('conmon')
        fault = self.assertRaises(exception.NotSupported, self.chosen)
        self.assertEqual('host.conmon', fault.code)
