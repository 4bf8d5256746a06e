"""The support matrix, held against what the driver does.

``tests.features`` says what each feature needs of the driver.
"""

import configparser
import pathlib

from oslotest import base

from tests import features

_MATRIX = (pathlib.Path(__file__).parents[2]
           / 'doc/source/user/support-matrix.ini')
_STATES = ('complete', 'partial', 'missing')

#: What every driver has, without a feature of its own.
PLUMBING = {
    'init_host', 'cleanup_host', 'get_available_nodes',
    'get_available_resource', 'update_provider_tree', 'list_instances',
    'list_instance_uuids', 'instance_exists', 'plug_vifs', 'unplug_vifs',
    'inject_network_info', 'default_root_device_name',
    'get_device_name_for_instance', 'process_instances_at_startup',
    # It only refuses, with a reason.
    'check_can_live_migrate_destination',
}


class SupportMatrixTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.matrix = configparser.ConfigParser(interpolation=None)
        self.matrix.read(_MATRIX, encoding='utf-8')
        self.offered = features.offered()

    def section(self, feature):
        return self.matrix[f'operation.{feature}']

    def test_every_feature_is_known(self):
        self.assertEqual(
            set(features.FEATURES),
            {name.removeprefix('operation.')
             for name in self.matrix.sections()
             if name.startswith('operation.')})

    def test_what_is_said_is_so(self):
        for feature, needs in features.FEATURES.items():
            state = self.section(feature)['driver.novacontainer']
            self.assertIn(state, _STATES, feature)
            if state == 'missing':
                self.assertEqual(set(), needs & self.offered, feature)
            else:
                self.assertEqual(set(), needs - self.offered, feature)

    def test_all_that_the_driver_does_is_said(self):
        named = set().union(PLUMBING, *features.FEATURES.values())
        self.assertEqual(set(), self.offered - named)

    def test_what_is_mandatory_is_complete(self):
        for feature in features.FEATURES:
            section = self.section(feature)
            if section['status'] == 'mandatory':
                self.assertEqual(
                    'complete', section['driver.novacontainer'], feature)

    def test_what_is_partial_says_how_far(self):
        for feature in features.FEATURES:
            section = self.section(feature)
            if section['driver.novacontainer'] == 'partial':
                self.assertIn('driver-notes.novacontainer', section, feature)
