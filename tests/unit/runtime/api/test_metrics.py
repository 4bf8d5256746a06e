import json
import pathlib
import re

from prometheus_client import parser

from novacontainer.runtime.api import metrics
from novacontainer.runtime.api import openapi
from novacontainer.runtime import exception
from tests.unit.runtime.api import served

_DASHBOARD = pathlib.Path(
    __file__).parents[4] / 'etc/grafana/novacontainer-grafana.json'
_METRIC = re.compile(r'novacontainerd_\w+')
_LABELS = re.compile(r'\b(\w+)(?:=~?|!~?)"|by \(([\w, ]+)\)')


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


class DashboardTest(served.ServedTestCase):
    """Every query of the dashboard asks for what the daemon tells."""

    def setUp(self):
        super().setUp()
        self.board = json.loads(_DASHBOARD.read_text())
        # So that every family has a sample.
        self.containers.give('get', exception.NotFound('No.'))
        self.call('GET', '/containers/x/json')
        body = self.call('GET', '/metrics').body.decode()
        self.labels = {}
        for family in parser.text_string_to_metric_families(body):
            for sample in family.samples:
                self.labels.setdefault(sample.name, set()).update(
                    sample.labels)

    def queries(self):
        return [target['expr'] for panel in self.board['panels']
                for target in panel['targets']] + [
            one['query']['query'] for one in self.board['templating']['list']
            if one['type'] == 'query']

    def test_metrics_and_labels(self):
        self.assertLess(10, len(self.queries()))
        for query in self.queries():
            names = set(_METRIC.findall(query))
            self.assertTrue(names, query)
            self.assertLessEqual(names, set(self.labels), query)
            known = set().union(*(self.labels[name] for name in names))
            asked = {label.strip() for pair in _LABELS.findall(query)
                     for part in pair for label in part.split(',') if label}
            # What Prometheus itself adds.
            self.assertLessEqual(asked - {'instance'}, known, query)

    def test_operations(self):
        for query in self.queries():
            for pattern in re.findall(r'operation=~"([^"]+)"', query):
                self.assertLess(1, len([
                    one for one in openapi.OPERATIONS.values()
                    if re.fullmatch(pattern, one.name)]))

    def test_panels(self):
        ids = [panel['id'] for panel in self.board['panels']]
        self.assertEqual(len(ids), len(set(ids)))
        places = [(cell['x'] + x, cell['y'] + y)
                  for cell in (one['gridPos'] for one in self.board['panels'])
                  for x in range(cell['w']) for y in range(cell['h'])]
        self.assertEqual(len(places), len(set(places)))
        self.assertGreaterEqual(24, 1 + max(x for x, _ in places))
