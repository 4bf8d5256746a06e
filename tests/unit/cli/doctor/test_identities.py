from novacontainer.cli.doctor import identities
from novacontainer.runtime import conf as options
from tests.unit.cli.doctor import hostroot


class IdentitiesTestCase(hostroot.HostRootTestCase):

    def check(self):
        found, = identities.check(self.root)
        return str(found.grade), found.seen

    def configure(self, text):
        self.write('etc/novacontainer/novacontainerd.conf',
                   f'[containers]\n{text}\n')

    def test_defaults_are_the_daemons(self):
        conf = options.new()
        conf([], project='novacontainer', default_config_files=[])
        self.assertEqual(
            (conf.containers.userns_base, conf.containers.userns_count),
            (identities.BASE, identities.COUNT))

    def test_nobody_else_has_them(self):
        self.write('etc/subuid', '# names\n\nme:100000:65536\nodd\n')
        self.write('etc/passwd', 'root:x:0:0::/root:/bin/sh\n')
        grade, seen = self.check()
        self.assertEqual('ok', grade)
        self.assertIn('for 4000 containers', seen)

    def test_subordinate_ids(self):
        self.configure('userns_base = 131072\nuserns_count = 2')
        self.write('etc/subuid', 'me:65536:65536\nyou:65536:65537\n')
        self.write('etc/subgid', 'they:262143:1\n')
        self.assertEqual(
            ('FAIL', '131072 to 262143 are also those of they, you'),
            self.check())

    def test_accounts(self):
        self.configure('userns_base = 131072\nuserns_count = 1')
        self.write('etc/passwd', 'a:x:131072:1::/:/bin/sh\n')
        self.write('etc/group', 'b:x:196607:\nc:x:196608:\n')
        self.assertEqual(
            ('FAIL', '131072 to 196607 are also those of a, b'),
            self.check())

    def test_no_number(self):
        self.configure('userns_base = many')
        self.assertEqual('FAIL', self.check()[0])

    def test_unreadable(self):
        self.write('etc/novacontainer/novacontainerd.conf', 'x\n')
        self.assertEqual('warn', self.check()[0])
