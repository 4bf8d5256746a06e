"""Sphinx configuration of the manual (tox -e docs)."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'ext'))
# As wide as argparse shall write the help of the command line.
os.environ['COLUMNS'] = '79'

extensions = [
    'apioperations',
    'cliverbs',
    'openstackdocstheme',
    'oslo_config.sphinxconfiggen',
    'oslo_config.sphinxext',
    'sphinx_feature_classification.support_matrix',
]

project = 'novacontainer'
copyright = 'novacontainer developers'
openstackdocs_repo_name = 'openstack/novacontainer'
openstackdocs_auto_name = False
openstackdocs_use_storyboard = False

config_generator_config_file = [
    ('../../etc/novacontainer/novacontainerd-config-generator.conf',
     '_static/novacontainerd'),
    ('../../etc/novacontainer/novacontainer-virt-config-generator.conf',
     '_static/nova-novacontainer'),
]

master_doc = 'index'
exclude_patterns = []
html_theme = 'openstackdocs'
html_static_path = ['_static']
pygments_style = 'native'
