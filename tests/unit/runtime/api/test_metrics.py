from prometheus_client import parser

from novacontainer.runtime.api import metrics
from novacontainer.runtime.api import openapi
from novacontainer.runtime import exception
from tests.unit.runtime.api import served


class MetricsTest(served.ServedTestCase):

    def numbers(self):
        """Return what is told, by (name, labels)."""
        answer = self.call('GET', '/metrics')
        self.assertEqual(200, answer.status)
        return {(sample.name.removeprefix('novacontainerd_'),
                 tuple(sample.labels.values())): sample.value
                for family in parser.text_string_to_metric_families(
                    answer.body.decode())
                for sample in family.samples}

    def test_what_is_there(self):
        found = self.numbers()
        self.assertEqual(
            {'created', 'running', 'paused', 'restarting', 'removing',
             'exited', 'dead'},
            {labels[0] for name, labels in found if name == 'containers'})
        self.assertEqual(1, found['images', ()])
        self.assertLess(0, found['image_bytes', ()])
        self.assertLess(0, found['process_open_fds', ()])

    def test_operations(self):
        for path in ('/containers/x/json', '/v1.44/containers/y/json'):
            self.call('GET', path)
        found = self.numbers()
        self.assertEqual(2, found[
            'request_duration_seconds_count', ('ContainerInspect',)])
        self.assertNotIn(('errors_total', ('ContainerInspect', '404')), found)

    def test_errors(self):
        self.containers.give('get', exception.NotFound('No.'))
        self.call('GET', '/containers/x/json')
        self.call('GET', '/nowhere')
        found = self.numbers()
        self.assertEqual(
            1, found['errors_total', ('ContainerInspect', '404')])
        self.assertEqual(1, found['errors_total', ('unknown', '404')])

    def test_what_lasts_has_no_latency(self):
        self.assertLessEqual(
            metrics.LASTING,
            {one.name for one in openapi.OPERATIONS.values()})
        self.call('GET', '/containers/x/logs?stdout=1')
        self.assertNotIn('ContainerLogs', {
            labels[0] for _, labels in self.numbers() if labels})
