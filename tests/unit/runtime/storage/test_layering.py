"""Which way of mounting a kernel gets; mounting is tested as root."""

import os
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.storage import layering


class TestBest(base.BaseTestCase):
    def test_by_release(self):
        for release, method in (
                ('6.1.0-18-amd64', layering.Method.CLASSIC),
                ('6.6.99', layering.Method.CLASSIC),
                ('6.7.0', layering.Method.APPENDED),
                ('6.14.3-generic', layering.Method.APPENDED),
                ('6.15', layering.Method.DESCRIPTORS),
                ('7.0-rc1', layering.Method.DESCRIPTORS),
                ('strange', layering.Method.CLASSIC)):
            layering.best.cache_clear()
            self.addCleanup(layering.best.cache_clear)
            with mock.patch.object(
                    os, 'uname', return_value=mock.Mock(release=release)):
                self.assertIs(method, layering.best(), release)


class TestMount(base.BaseTestCase):
    def test_number_of_layers(self):
        for layers in ([], [None] * 501):
            fault = self.assertRaises(
                exception.InvalidRequest, layering.mount, None, layers,
                None, None, layering.Method.DESCRIPTORS)
            self.assertEqual('image.layers', fault.code)
