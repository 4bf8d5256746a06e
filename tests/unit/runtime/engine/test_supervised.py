"""What the engine does to a document before the OCI runtime reads it."""

from oslotest import base

from novacontainer.runtime.engine import supervised
from novacontainer.runtime.oci import seccomp
from novacontainer.runtime.oci import spec
from tests.unit.runtime.oci import test_spec


def document(**changes):
    built = spec.build(test_spec.SPEC, cgroup_version=1,
                       seccomp=seccomp.for_container(test_spec.SPEC))
    return {**built, **changes}


class TestPrecompiled(base.BaseTestCase):
    def test_filter_moves_into_the_annotation(self):
        given = document(annotations={'a': 'b'})
        made = supervised._precompiled(given)
        self.assertNotIn('seccomp', made['linux'])
        self.assertEqual({'a', 'run.oci.seccomp_bpf_data'},
                         set(made['annotations']))
        # What the caller handed in is as it was.
        self.assertIn('seccomp', given['linux'])
        self.assertEqual({'a': 'b'}, given['annotations'])

    def test_unconfined_stays(self):
        given = document()
        del given['linux']['seccomp']
        self.assertIs(given, supervised._precompiled(given))


class TestWithinReach(base.BaseTestCase):
    def given(self, user_namespace):
        made = document()
        if not user_namespace:
            made['linux']['namespaces'] = [{'type': 'pid'}]
        return made

    def test_user_namespace_has_them_all(self):
        given = self.given(True)
        self.assertIs(given, supervised._within_reach(given, frozenset()))

    def test_host_lacks_some(self):
        given = self.given(False)
        made = supervised._within_reach(given, frozenset({'CAP_CHOWN'}))
        capabilities = made['process']['capabilities']
        self.assertEqual(['CAP_CHOWN'], capabilities['bounding'])
        self.assertEqual(['CAP_CHOWN'], capabilities['effective'])
        self.assertEqual([], capabilities['ambient'])
        self.assertEqual(
            14, len(given['process']['capabilities']['bounding']))

    def test_host_has_them(self):
        given = self.given(False)
        reach = frozenset(given['process']['capabilities']['bounding'])
        self.assertIs(given, supervised._within_reach(given, reach))
