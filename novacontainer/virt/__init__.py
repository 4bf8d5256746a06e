"""The driver that nova-compute loads.

Keep this module light, as the package above.
"""
