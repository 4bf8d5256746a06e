import datetime

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import filters
from tests.unit.runtime.api import fakes

NOW = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)


def container(number, name, **changes):
    return models.Container(
        id=f'{number}' * 64, name=name, image_id='sha256:1',
        image_name='web', config={}, host_config={}, id_map=None,
        created=NOW + datetime.timedelta(seconds=number), **changes)


ONE = container(1, 'one')
TWO = container(2, 'two', status=models.Status.EXITED, exit_code=3)
THREE = container(3, 'three', status=models.Status.EXITED)
ALL = [THREE, TWO, ONE]


def find_container(name):
    for one in ALL:
        if one.name == name:
            return one
    raise exception.NotFound(name)


def find_image(name):
    if name != 'web':
        raise exception.NotFound(name)
    return models.Image('sha256:1', {}, (), (), NOW)


HEALTHS = {'2' * 64: models.Health('healthy')}
CONNECTIONS = {'1' * 64: [fakes.CONNECTION]}


class FiltersTest(base.BaseTestCase):

    def query(self, all=False, limit=0, **given):
        return filters.query(
            given, all=all, limit=limit, find_container=find_container,
            find_image=find_image,
            find_health=lambda found: HEALTHS.get(found.id),
            find_connections=lambda found: CONNECTIONS.get(found.id, ()))

    def names(self, **given):
        return [one.name for one in self.query(**given).apply(ALL)]

    def test_only_what_lives_by_default(self):
        live = (models.Status.RUNNING, models.Status.PAUSED)
        self.assertEqual(live, self.query().criteria.statuses)
        self.assertEqual((), self.query(all=True).criteria.statuses)
        self.assertEqual((), self.query(limit=3).criteria.statuses)
        self.assertEqual((), self.query(exited=['0']).criteria.statuses)
        self.assertEqual((models.Status.DEAD,),
                         self.query(status=['dead']).criteria.statuses)

    def test_labels_and_images_are_the_databases(self):
        criteria = self.query(label=['a', 'b=1', 'c='],
                              ancestor=['web', 'gone']).criteria
        self.assertEqual((('a', None), ('b', '1'), ('c', '')),
                         criteria.labels)
        self.assertEqual(('sha256:1', ''), criteria.image_ids)

    def test_name_is_a_pattern(self):
        self.assertEqual(['three', 'two'], self.names(name=['^t']))
        self.assertEqual(['two', 'one'], self.names(name=['^/two$', 'on']))

    def test_id(self):
        self.assertEqual(['two'], self.names(id=['22', '9']))
        self.assertEqual([], self.names(id=['^12']))

    def test_traits(self):
        self.assertEqual(['two'], self.names(health=['healthy']))
        self.assertEqual(['one'], self.names(network=['shop']))
        self.assertEqual(['one'], self.names(publish=['8080']))
        self.assertEqual([], self.names(publish=['80']))
        self.assertEqual(['three', 'two', 'one'],
                         self.names(network=['none', 'x']))

    def test_exited(self):
        self.assertEqual(['two'], self.names(exited=['3']))
        self.assertEqual(['three'], self.names(exited=['0']))

    def test_before_and_since(self):
        self.assertEqual(['one'], self.names(before=['two']))
        self.assertEqual(['three'], self.names(since=['two']))
        self.assertRaises(exception.NotFound, self.names, since=['gone'])

    def test_limit(self):
        self.assertEqual(2, self.query(limit=2).criteria.limit)
        self.assertEqual(0, self.query(limit=-1).criteria.limit)
        # With a test to pass, the limit counts what has passed.
        query = self.query(limit=1, name=['o'])
        self.assertEqual(0, query.criteria.limit)
        self.assertEqual(['two'], [one.name for one in query.apply(ALL)])

    def test_bad(self):
        for given in ({'nosuch': ['x']}, {'status': ['x']},
                      {'exited': ['x']}, {'exited': ['-1']},
                      {'name': ['(']}):
            error = self.assertRaises(
                exception.InvalidRequest, self.query, **given)
            self.assertIn('invalid filter', error.message)
