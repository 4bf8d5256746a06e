import configparser
import pathlib

from nova.api.validation.extra_specs import base as nova_base
from nova import exception
from oslo_utils import importutils
from oslotest import base

from novacontainer.virt import extraspecs
from novacontainer.virt import validators

ROOT = pathlib.Path(__file__).resolve().parents[3]


class ValidatorsTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.validators = {
            validator.name: validator for validator in validators.register()}

    def accepts(self, name, key, value):
        try:
            self.validators[name].validate(key, value)
        except exception.ValidationError:
            return False
        return True

    def test_each_extra_spec_has_one(self):
        self.assertEqual({spec.key for spec in extraspecs.SPECS},
                         set(self.validators))
        for validator in self.validators.values():
            self.assertIsInstance(validator, nova_base.ExtraSpecValidator)
            self.assertTrue(validator.description)

    def test_values(self):
        for key, good, bad in (
                ('novacontainer:pids', '100', '-1'),
                ('novacontainer:privileged', 'true', 'perhaps'),
                ('novacontainer:userns', 'host', 'none'),
                ('novacontainer:devices', '/dev/fuse', 'fuse'),
                ('novacontainer:user', 'www-data', '')):
            self.assertTrue(self.accepts(key, key, good), key)
            self.assertFalse(self.accepts(key, key, bad), key)

    def test_names(self):
        name = 'novacontainer:env:{name}'
        self.assertTrue(self.accepts(name, 'novacontainer:env:A_B', 'x'))
        self.assertFalse(self.accepts(name, 'novacontainer:env:1', 'x'))

    def test_entry_point(self):
        setup = configparser.ConfigParser()
        setup.read(ROOT / 'setup.cfg')
        name, _, module = setup['entry_points'][
            'nova.api.extra_spec_validators'].strip().partition(' = ')
        self.assertEqual('novacontainer', name)
        self.assertIs(validators, importutils.import_module(module))
