"""Sphinx configuration of the release notes (tox -e releasenotes)."""

extensions = [
    'openstackdocstheme',
    'reno.sphinxext',
]

project = 'novacontainer release notes'
copyright = 'novacontainer developers'
openstackdocs_repo_name = 'openstack/novacontainer'
openstackdocs_auto_name = False
openstackdocs_use_storyboard = False

master_doc = 'index'
html_theme = 'openstackdocs'
pygments_style = 'native'
