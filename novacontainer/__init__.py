"""OpenStack Nova instances that are containers.

Keep this module light: Python imports it at every start, through
``novacontainer.pth``, before Nova has patched anything.
"""
