from oslotest import base

from novacontainer.runtime.api.schemas import body
from novacontainer.runtime import exception

CHECKED = body.validator({
    'type': 'object',
    'properties': {'number': {'type': 'integer'},
                   'inner': {'type': 'object', 'properties': {
                       'words': {'type': 'array',
                                 'items': {'type': 'string'}}}}}})


class BodyTest(base.BaseTestCase):

    def refuse(self, raw):
        """Check that a body is refused; returns (code, message)."""
        fault = self.assertRaises(exception.InvalidRequest, body.parse, raw,
                                  CHECKED)
        return fault.code, fault.message

    def test_null_is_absent(self):
        self.assertEqual(
            {'inner': {}, 'other': [{}, None]},
            body.parse(b'{"number": null, "inner": {"words": null},'
                       b' "other": [{"a": null}, null]}', CHECKED))

    def test_integers_are_strict(self):
        self.assertEqual({'number': 2**70},
                         body.parse(b'{"number": %d}' % 2**70, CHECKED))
        for raw in (b'1.0', b'true', b'"1"', b'1e3'):
            code, message = self.refuse(b'{"number": %s}' % raw)
            self.assertEqual('body.invalid_field', code)
            self.assertTrue(
                message.startswith('invalid value for number: '), message)

    def test_the_field_is_named_by_its_path(self):
        self.assertIn('inner.words[1]', self.refuse(
            b'{"inner": {"words": ["a", {}]}}')[1])

    def test_not_json(self):
        for raw in (b'', b'\n', b'{', b'nul', b'{"a": Infinity}', b'\xff',
                    b'{"a": "\\udfff"}', b'[' * 10**6, b'7', b'"x"',
                    b'{"number": %s}' % (b'1' * 5000)):
            self.assertEqual('body.not_json', self.refuse(raw)[0])

    def test_pairs_of_surrogates_are_text(self):
        self.assertEqual({'a': '\U0001f600'},
                         body.parse(b'{"a": "\\ud83d\\ude00"}', CHECKED))
