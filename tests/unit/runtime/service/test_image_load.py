import gzip
import io
import json
import tarfile
from unittest import mock

from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.image import limits
from tests import archives
from tests import imagestore

ONE = archives.layer({'one': b'1'})
TWO = archives.layer({'two': b'2'})


def packed(*layers, layout='new', stored=None, tags=('a:1',), diff_ids=None):
    document = archives.config(
        diff_ids or [archives.digest(layer) for layer in layers], cmd=['x'])
    return archives.pack(layers, document, tags, layout=layout,
                         stored=stored)


def members_of(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [(member, archive.extractfile(member).read()
                 if member.isfile() else b'') for member in archive]


def rewritten(data, change):
    """Give the archive with ``change`` applied to (name → content)."""
    files = {member.name: (member, content)
             for member, content in members_of(data)}
    change(files)
    return archives.tar(list(files.values()))


class LoadTestCase(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.store = self.useFixture(imagestore.ImageStore(
            limits=limits.Limits(layers=4)))

    def assert_refused(self, data, code, **options):
        error = self.assertRaises(exception.InvalidRequest, self.store.load,
                                  data, **options)
        self.assertEqual(code, error.code)
        self.assertTrue(self.store.is_empty(), self.store.files())
        self.assertEqual([], self.store.events)
        return error.message


class TestLayouts(LoadTestCase):

    def test_layouts_and_compressions(self):
        expected = self.store.load(packed(ONE, TWO))
        for layout in ('new', 'old', 'oci'):
            for outer in (bytes, gzip.compress):
                for inner in (bytes, gzip.compress):
                    stored = [inner(ONE), inner(TWO)]
                    found = self.store.load(outer(packed(
                        ONE, TWO, layout=layout, stored=stored)))
                    self.assertEqual(expected.id, found.id)

    def test_the_first_blob_of_a_layer_stays(self):
        first = self.store.load(packed(ONE))
        again = self.store.load(packed(ONE, stored=[gzip.compress(ONE)]))
        self.assertEqual(first.layers, again.layers)

    def test_links_between_layers(self):
        data = packed(ONE, ONE, layout='old')
        layers = [member.name for member, _ in members_of(data)
                  if member.name.endswith('layer.tar')]

        def link(files):
            files[layers[1]] = (archives.member(
                layers[1], tarfile.SYMTYPE, link='../' + layers[0]), b'')
        found = self.store.load(rewritten(data, link))
        self.assertEqual(2, len(found.layers))

    def test_several_images(self):
        data = packed(ONE, layout='old')
        other = packed(TWO, layout='old', tags=('b:1',))
        files = {member.name: (member, content)
                 for member, content in members_of(data)}
        for member, content in members_of(other):
            if member.name == 'manifest.json':
                whole = json.loads(files['manifest.json'][1])
                content = json.dumps(whole + json.loads(content)).encode()
            files[member.name] = (member, content)
        both = archives.tar(list(files.values()))
        self.assertIn('2 images', self.assert_refused(
            both, 'image.several', reference='c:1'))
        found = self.store.service.load(io.BytesIO(both))
        self.assertEqual([('a:1',), ('b:1',)],
                         [one.references for one in found])

    def test_what_no_manifest_names_is_not_kept(self):
        data = packed(ONE, layout='old')

        def add(files):
            files['extra.tar'] = (archives.member('extra.tar'), TWO)
        self.store.load(rewritten(data, add))
        self.assertEqual(1, self.store.rows()['layers'])
        self.assertEqual(2, len(self.store.files()))

    def test_a_known_blob_is_only_hashed(self):
        self.store.load(packed(ONE))
        unpacker = self.store._unpacker
        with mock.patch.object(unpacker, 'apply') as apply:
            self.store.load(packed(ONE, tags=('b:1',)))
        apply.assert_not_called()

    def test_a_known_digest_does_not_give_its_content_away(self):
        self.store.load(packed(ONE))
        name = 'blobs/' + archives.digest(ONE).replace(':', '/')

        def lie(files):
            files[name] = (files[name][0], TWO)
        error = self.assertRaises(
            exception.InvalidRequest, self.store.load,
            rewritten(packed(ONE, tags=('b:1',)), lie))
        self.assertEqual('image.digest_mismatch', error.code)


class TestRefused(LoadTestCase):

    def test_not_a_tarball(self):
        for data in (b'', b'hello', b'{"a": 1}' * 100, bytes(20_000)):
            self.assert_refused(data, 'image.not_a_tarball')

    def test_truncated(self):
        for layout in ('new', 'old'):
            data = packed(ONE, TWO, layout=layout)
            for part in (0.3, 0.5, 0.9):
                cut = data[:int((len(data) - 10240) * part) // 100 * 100 + 7]
                error = self.assertRaises(exception.InvalidRequest,
                                          self.store.load, cut)
                self.assertIn(error.code, ('image.truncated',
                                           'image.no_manifest'))
                self.assertTrue(self.store.is_empty())

    def test_truncated_gzip(self):
        data = gzip.compress(packed(ONE))
        self.assert_refused(data[:-100], 'image.truncated')

    def test_diff_ids_that_do_not_match(self):
        for layout in ('new', 'old', 'oci'):
            self.assert_refused(
                packed(ONE, layout=layout, diff_ids=[archives.digest(TWO)]),
                'image.digest_mismatch')

    def test_blob_names_that_do_not_match(self):
        name = 'blobs/' + archives.digest(ONE).replace(':', '/')

        def lie(files):
            files[name] = (files[name][0], TWO)
        self.assert_refused(rewritten(packed(ONE), lie),
                            'image.digest_mismatch')

    def test_config_whose_name_does_not_match(self):
        def lie(files):
            for name, (member, content) in files.items():
                if content.startswith(b'{"architecture"'):
                    files[name] = (member, content + b' ')
        self.assert_refused(rewritten(packed(ONE), lie),
                            'image.digest_mismatch')

    def test_missing_layer(self):
        for layout in ('new', 'old'):
            def drop(files):
                for name, (_, content) in list(files.items()):
                    if content == ONE:
                        del files[name]
            self.assertIn('not in the archive', self.assert_refused(
                rewritten(packed(ONE, TWO, layout=layout), drop),
                'image.missing_member'))

    def test_layer_that_is_no_regular_file(self):
        for kind, link in ((tarfile.FIFOTYPE, ''), (tarfile.CHRTYPE, ''),
                           (tarfile.SYMTYPE, '/etc/passwd'),
                           (tarfile.SYMTYPE, '../../../etc/passwd'),
                           (tarfile.LNKTYPE, '/etc/passwd')):
            def swap(files, kind=kind, link=link):
                for name, (_, content) in files.items():
                    if content == ONE:
                        files[name] = (archives.member(
                            name, kind, link=link), b'')
            for layout in ('new', 'old'):
                self.assert_refused(
                    rewritten(packed(ONE, layout=layout), swap),
                    'image.missing_member')

    def test_links_in_a_circle(self):
        def swap(files):
            for name, (_, content) in files.items():
                if content == ONE:
                    files[name] = (archives.member(
                        name, tarfile.SYMTYPE, link='layer.tar'), b'')
        self.assert_refused(rewritten(packed(ONE, layout='old'), swap),
                            'image.missing_member')

    def test_config_that_is_no_regular_file(self):
        for kind in (tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.SYMTYPE):
            def swap(files, kind=kind):
                for name, (_, content) in files.items():
                    if content.startswith(b'{"architecture"'):
                        files[name] = (archives.member(
                            name, kind, link='/etc/passwd'), b'')
            self.assert_refused(
                rewritten(packed(ONE, layout='old'), swap),
                'image.missing_member')

    def test_layer_that_is_no_tar(self):
        def swap(files):
            for name, (member, content) in files.items():
                if content == ONE:
                    files[name] = (member, b'hello' * 1000)
        self.assertIn('not a tar', self.assert_refused(
            rewritten(packed(ONE, layout='old'), swap), 'image.malformed'))

    def test_numbers_of_layers(self):
        self.assert_refused(packed(ONE, TWO, diff_ids=[archives.digest(ONE)]),
                            'image.malformed')
        self.assert_refused(packed(*[ONE] * 5, layout='old'),
                            'image.too_many_layers')

    def test_no_manifest(self):
        def drop(files):
            del files['manifest.json']
            files.pop('index.json', None)
        for layout in ('new', 'old'):
            self.assert_refused(rewritten(packed(ONE, layout=layout), drop),
                                'image.no_manifest')

    def test_empty_manifest(self):
        def drop(files):
            files['manifest.json'] = (files['manifest.json'][0], b'[]')
        self.assert_refused(rewritten(packed(ONE), drop),
                            'image.no_manifest')


class TestFailures(LoadTestCase):

    def test_a_source_that_fails(self):
        data = packed(ONE)
        for fault in (exception.InvalidRequest('gone'), KeyError()):
            source = mock.Mock()
            source.read.side_effect = [data[:4000], fault]
            self.assertRaises(type(fault), self.store.service.load, source)
            self.assertTrue(self.store.is_empty())

    def test_full_disk(self):
        for target in ('novacontainer.runtime.store.atomicfile.AtomicFile'
                       '.write',
                       'novacontainer.runtime.store.layers.Layers.publish',
                       'novacontainer.runtime.store.blobs.BlobWriter'
                       '.publish'):
            with mock.patch(target, side_effect=OSError(28, 'No space')):
                error = self.assertRaises(exception.Unavailable,
                                          self.store.load, packed(ONE, TWO))
            self.assertEqual('storage.full', error.code)
            self.assertTrue(self.store.is_empty(), target)

    def test_other_disk_errors(self):
        with mock.patch('novacontainer.runtime.store.layers.Layers.temporary',
                        side_effect=OSError(5, 'Input/output error')):
            self.assertRaises(exception.Internal, self.store.load,
                              packed(ONE))
        self.assertTrue(self.store.is_empty())

    def test_records_that_fail_leave_no_files(self):
        with mock.patch('novacontainer.runtime.store.images.add',
                        side_effect=exception.Unavailable('full')):
            self.assertRaises(exception.Unavailable, self.store.load,
                              packed(ONE, TWO))
        self.assertTrue(self.store.is_empty())


class TestNamesOfGlance(LoadTestCase):
    """What Nova boots, it finds by name."""

    def test_an_archive_cannot_take_one(self):
        mine = self.store.load(packed(ONE), reference='glance/id:sum')
        said = []
        other = self.store.load(
            packed(TWO, tags=('docker.io/glance/id:sum', 'b:1')),
            progress=said.append)
        self.assertEqual(('b:1',), other.references)
        self.assertEqual(mine.id, self.store.service.get('glance/id:sum').id)
        self.assertIn('Left out the name glance/id:sum', said[-1])


class TestAmplification(LoadTestCase):
    """Small archives that stand for a lot of work or memory."""

    def archive(self, count, tags=None):
        layer = archives.digest(ONE)
        config = json.dumps(archives.config([layer])).encode()
        entry = {'Config': 'c', 'RepoTags': tags, 'Layers': ['l']}
        return archives.tar([
            (archives.member('blobs/', tarfile.DIRTYPE), b''),
            (archives.member('c'), config), (archives.member('l'), ONE),
            (archives.member('manifest.json'),
             json.dumps([entry] * count).encode())])

    def test_one_image_many_times(self):
        with mock.patch.object(self.store.service, '_limits',
                               limits.Limits(archive_images=3)):
            self.assertEqual(3, len(self.store.service.load(
                io.BytesIO(self.archive(3)))))
        self.store = self.useFixture(imagestore.ImageStore(
            limits=limits.Limits(archive_images=3)))
        self.assert_refused(self.archive(4), 'image.too_large')

    def test_one_config_many_times(self):
        self.store = self.useFixture(imagestore.ImageStore(
            limits=limits.Limits(documents_bytes=4000)))
        self.assert_refused(self.archive(30), 'image.too_large')

    def test_many_names(self):
        self.store = self.useFixture(imagestore.ImageStore(
            limits=limits.Limits(archive_names=3)))
        self.assert_refused(self.archive(1, ['a:1', 'a:2', 'a:3', 'a:4']),
                            'image.too_large')

    def test_many_members_that_may_be_layers(self):
        self.store = self.useFixture(imagestore.ImageStore(
            limits=limits.Limits(archive_layers=1)))
        self.assert_refused(packed(ONE, TWO), 'image.too_large')

    def test_zeros_behind_the_end_of_a_layer(self):
        self.store = self.useFixture(imagestore.ImageStore(
            limits=limits.Limits(layer_bytes=1 << 20, layer_entries=10)))
        self.assert_refused(gzip.compress(ONE + bytes(4 << 20)),
                            'image.too_large')


class TestRootFilesystemFormats(LoadTestCase):

    def test_every_format_of_tar(self):
        name = 'd' * 90 + '/' + 'f' * 90
        for fmt in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT,
                    tarfile.PAX_FORMAT):
            first = archives.member('./', tarfile.DIRTYPE)
            if fmt == tarfile.PAX_FORMAT:
                first.pax_headers['mtime'] = '1767323045.25'
            for members in (
                    [(first, b''), (archives.member('f'), b'x')],
                    [(archives.member(name), b'x')]):
                image = self.store.load(archives.tar(members, fmt))
                self.assertEqual(archives.MTIME,
                                 int(image.created.timestamp()))
