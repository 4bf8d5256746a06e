from nova import exception
from oslotest import base

from novacontainer.virt import extraspecs
from novacontainer.virt import process
from tests import instances


class ProcessTestCase(base.BaseTestCase):

    def process(self, metadata=None, image=None, flavor=None, line=None):
        """Each source without its prefix, but metadata."""
        instance = instances.instance(
            metadata=metadata or {},
            system_metadata={
                f'image_novacontainer_{key}': value
                for key, value in (image or {}).items()},
            extra_specs={f'novacontainer:{key}': value
                         for key, value in (flavor or {}).items()})
        meta = instances.image_meta(
            properties={'os_command_line': line} if line else {})
        return process.process(
            instance, meta, extraspecs.values(instance.flavor))

    def refusal(self, **sources):
        return str(self.assertRaises(
            exception.InvalidInput, self.process, **sources))

    def test_nothing_said(self):
        self.assertEqual({'Env': [], 'Labels': {}}, self.process())

    def test_metadata_is_environment(self):
        self.assertEqual(
            ['A=1', 'EMPTY=', '_b2=x=y z'],
            self.process(metadata={
                '_b2': 'x=y z', 'A': '1', 'EMPTY': '', '2c': 'no',
                'with-dash': 'no', 'with space': 'no', 'é': 'no',
                'line\n': 'no'})['Env'])

    def test_the_image_says(self):
        self.assertEqual(
            {'Env': ['A=1'], 'Labels': {'a.b': 'c'}, 'User': 'web:www',
             'WorkingDir': '/srv', 'Entrypoint': ['/init', 'a b'],
             'Cmd': ['-v']},
            self.process(image={
                'env_A': '1', 'label_a.b': 'c', 'user': 'web:www',
                'working_dir': '/srv', 'entrypoint': "/init 'a b'",
                'command': '-v'}))

    def test_metadata_wins_over_the_image(self):
        found = self.process(
            metadata={'novacontainer_user': 'b', 'novacontainer_env_A': '3',
                      'A': '2', 'novacontainer_label_x': 'b'},
            image={'user': 'a', 'env_A': '1', 'env_B': '1', 'label_x': 'a'})
        self.assertEqual('b', found['User'])
        self.assertEqual(['A=3', 'B=1'], found['Env'])
        self.assertEqual({'x': 'b'}, found['Labels'])

    def test_the_flavor_wins(self):
        found = self.process(
            metadata={'novacontainer_user': 'b', 'A': '2',
                      'novacontainer_command': 'two'},
            flavor={'user': 'c', 'env:A': '4', 'command': 'three x'})
        self.assertEqual(
            ('c', ['A=4'], ['three', 'x']),
            (found['User'], found['Env'], found['Cmd']))

    def test_os_command_line(self):
        self.assertEqual(['/bin/sh', '-c', 'echo "a  b"'], self.process(
            line="/bin/sh -c 'echo \"a  b\"'")['Cmd'])
        self.assertEqual(['b'], self.process(
            line='a', image={'command': 'b'})['Cmd'])

    def test_what_only_a_flavor_may_say(self):
        for name in ('privileged', 'pids', 'devices', 'seccomp', 'userns'):
            self.assertIn('only a flavor', self.refusal(
                metadata={f'novacontainer_{name}': 'x'}))
            self.assertIn('only a flavor', self.refusal(image={name: 'x'}))

    def test_unknown(self):
        message = self.refusal(image={'usr': 'x'})
        self.assertIn('no property of the image novacontainer_usr', message)
        self.assertIn('novacontainer_env_NAME', message)
        self.assertIn('no metadata key', self.refusal(
            metadata={'novacontainer_env_1': 'x'}))

    def test_nonsense(self):
        for key, value in (('user', 'a b'), ('working_dir', 'srv'),
                           ('entrypoint', '')):
            self.assertIn(f'novacontainer_{key} is {value!r}',
                          self.refusal(image={key: value}))

    def test_the_driver_s_labels(self):
        self.assertIn('compute driver', self.refusal(
            image={'label_org.openstack.nova.instance': 'x'}))

    def test_unreadable_lines(self):
        error = self.assertRaises(
            exception.ImageUnacceptable, self.process, line="sh -c 'oops")
        self.assertIn('os_command_line', str(error))
        self.assertIn("sh -c 'oops", str(error))
        self.assertIn("sh -c 'oops", self.refusal(
            metadata={'novacontainer_command': "sh -c 'oops"}))
