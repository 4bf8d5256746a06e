from oslotest import base

from novacontainer.runtime.api.views import system
from novacontainer.runtime import models
from tests.unit.runtime.api import fakes


class SystemViewTest(base.BaseTestCase):

    def test_nothing_runs(self):
        shown = system.info(fakes.Info().facts(), {}, 0)
        self.assertEqual((0, 0, 0), (
            shown['Containers'], shown['ContainersStopped'],
            shown['Images']))

    def test_stopped_is_all_that_does_not_run(self):
        shown = system.info(fakes.Info().facts(), {
            models.Status.CREATED: 1, models.Status.DEAD: 2,
            models.Status.RUNNING: 4}, 0)
        self.assertEqual((7, 4, 3), (
            shown['Containers'], shown['ContainersRunning'],
            shown['ContainersStopped']))

    def test_every_member_that_the_cli_reads(self):
        shown = system.info(fakes.Info().facts(), {}, 0)
        for name in ('ID', 'Driver', 'DriverStatus', 'Plugins', 'Swarm',
                     'Runtimes', 'DefaultRuntime', 'InitBinary',
                     'ContainerdCommit', 'RuncCommit', 'InitCommit',
                     'SecurityOptions', 'KernelVersion', 'OperatingSystem',
                     'OSType', 'Architecture', 'NCPU', 'MemTotal', 'Name',
                     'DockerRootDir', 'Debug', 'HttpProxy', 'Labels',
                     'ExperimentalBuild', 'LiveRestoreEnabled', 'Warnings',
                     'CgroupDriver', 'CgroupVersion', 'RegistryConfig'):
            self.assertIn(name, shown)

    def test_what_networks_and_logs_are_made_by(self):
        plugins = system.info(fakes.Info().facts(), {}, 0)['Plugins']
        self.assertEqual(['bridge', 'host', 'null'], plugins['Network'])
        self.assertEqual(['json-file', 'local', 'none'], plugins['Log'])
