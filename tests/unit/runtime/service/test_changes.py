import datetime

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime import models
from novacontainer.runtime.service import changes

OWN = {
    'Cmd': ['c'], 'Entrypoint': ['e'], 'Env': ['A=1', 'GONE'], 'User': 'u',
    'WorkingDir': '/w', 'Labels': {'k': 'v'}, 'Hostname': 'h',
    'AttachStdin': False, 'ExposedPorts': {'80/tcp': {}}, 'Volumes': None}


def made(*lines, given=None, **own):
    container = models.Container(
        id='c1', name='web', image_id='i', image_name='i',
        config={**OWN, **own}, host_config={}, id_map=None,
        created=datetime.datetime.now(datetime.UTC))
    return changes.image_config(container, given, lines)


class ChangesTest(base.BaseTestCase):

    def test_the_containers_own(self):
        self.assertEqual({
            'Cmd': ['c'], 'Entrypoint': ['e'], 'Env': ['A=1'], 'User': 'u',
            'WorkingDir': '/w', 'Labels': {'k': 'v'},
            'ExposedPorts': {'80/tcp': {}}}, made())

    def test_what_the_container_was_is_left_behind(self):
        self.assertEqual({'k': 'v'}, made(Labels={
            'k': 'v', 'org.openstack.nova.instance': 'uuid',
            'org.openstack.novacontainer.x': 'y'})['Labels'])

    def test_a_given_config_goes_over_it(self):
        found = made(given={
            'Cmd': ['x'], 'Env': ['B=2'], 'Labels': {'l': 'w'}, 'User': '',
            'Hostname': 'ignored'})
        self.assertEqual(
            (['x'], ['e'], ['B=2', 'A=1'], {'k': 'v', 'l': 'w'}, 'u'),
            (found['Cmd'], found['Entrypoint'], found['Env'],
             found['Labels'], found['User']))
        self.assertNotIn('Cmd', made(given={'Entrypoint': ['x']}))

    def test_instructions(self):
        for line, key, expected in (
                ('CMD ["a", "b"]', 'Cmd', ['a', 'b']),
                ('cmd echo hi', 'Cmd', ['/bin/sh', '-c', 'echo hi']),
                ('ENTRYPOINT ["x"]', 'Entrypoint', ['x']),
                ('CMD [not json', 'Cmd', ['/bin/sh', '-c', '[not json']),
                ('ENV B=2 C="x y"', 'Env', ['B=2', 'C=x y', 'A=1']),
                ('ENV A new value', 'Env', ['A=new value']),
                ('LABEL l=w', 'Labels', {'k': 'v', 'l': 'w'}),
                ('EXPOSE 22 53/udp', 'ExposedPorts',
                 {'80/tcp': {}, '22/tcp': {}, '53/udp': {}}),
                ('USER 33:33', 'User', '33:33'),
                ('WORKDIR sub', 'WorkingDir', '/w/sub'),
                ('WORKDIR /x', 'WorkingDir', '/x'),
                ('VOLUME /a /b', 'Volumes', {'/a': {}, '/b': {}}),
                ('VOLUME ["/a"]', 'Volumes', {'/a': {}}),
                ('STOPSIGNAL INT', 'StopSignal', 'INT')):
            self.assertEqual(expected, made(line)[key], line)

    def test_a_new_entry_point_drops_the_command(self):
        self.assertNotIn('Cmd', made('ENTRYPOINT ["x"]'))
        self.assertEqual(
            ['y'], made('ENTRYPOINT ["x"]', 'CMD ["y"]')['Cmd'])

    def test_bad(self):
        for line in ('RUN make', '', 'ENV =x', 'ENV A="x',
                     'LABEL l', 'EXPOSE http', 'STOPSIGNAL NOSUCH'):
            self.assertRaises(exception.InvalidRequest, made, line)
