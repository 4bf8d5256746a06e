from oslotest import base

from novacontainer.client import exceptions


class FromStatusTestCase(base.BaseTestCase):

    def test_every_status_has_its_class(self):
        table = {
            400: exceptions.InvalidRequest,
            403: exceptions.Forbidden,
            404: exceptions.NotFound,
            409: exceptions.Conflict,
            500: exceptions.Failed,
            501: exceptions.NotSupported,
            503: exceptions.Unavailable,
            418: exceptions.Failed,
        }
        for status, kind in table.items():
            error = exceptions.from_status(status, 'No.', 'thing.reason')
            self.assertIs(kind, type(error))
            self.assertEqual((status, 'No.', 'thing.reason'),
                             (error.status, error.message, error.code))

    def test_public_names(self):
        names = {name for name, value in vars(exceptions).items()
                 if isinstance(value, type)}
        self.assertEqual(
            {'ClientError', 'Unavailable', 'ConnectionFailed', 'TimedOut',
             'SourceFailed', 'ProtocolFailed', 'Refused', 'InvalidRequest',
             'Forbidden', 'NotFound', 'Conflict', 'NotSupported', 'Failed'},
            names)

    def test_the_drawing_is_true(self):
        """Every class stands under its base in the module's docstring."""
        lines = exceptions.__doc__.splitlines()
        bases = {}
        path = []
        for line in lines:
            words = line.replace('│', ' ').replace('├──', '   ').replace(
                '└──', '   ')
            name = words.split()[0] if words.split() else ''
            if not isinstance(getattr(exceptions, name, None), type):
                continue
            depth = (len(words) - len(words.lstrip())) // 4 - 1
            path[depth:] = [name]
            bases[name] = path[depth - 1] if depth else 'Exception'
        for name, parent in bases.items():
            self.assertEqual(
                parent, getattr(exceptions, name).__base__.__name__, name)
        self.assertEqual(13, len(bases))
