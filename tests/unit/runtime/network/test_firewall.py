import dataclasses
import subprocess
from unittest import mock

import fixtures
from oslotest import base

from novacontainer.runtime import exception
from novacontainer.runtime.network import firewall
from novacontainer.runtime import networking
from tests.unit.runtime.api import fakes

SHOP = fakes.NETWORK
BRIDGE = SHOP.bridge


class FirewallTest(base.BaseTestCase):

    def setUp(self):
        super().setUp()
        self.firewall = firewall.Firewall('nc0')
        self.failing = []
        self.ran = []
        self.useFixture(fixtures.MockPatch('subprocess.run', self.run_one))

    def run_one(self, words, input='', **_):
        self.ran.append((' '.join(words), input))
        code = int(any(part in ' '.join(words) for part in self.failing))
        return subprocess.CompletedProcess(words, code, '', 'refused')

    def words(self):
        return [words for words, _ in self.ran]

    def test_rules(self):
        text = self.firewall.text(4, [SHOP]).splitlines()
        chain = [line for line in text if line.startswith('-A NC-FWD-nc0')]
        self.assertEqual([
            f'-A NC-FWD-nc0 -i {BRIDGE} -o {BRIDGE} -j ACCEPT',
            f'-A NC-FWD-nc0 -o {BRIDGE} -m conntrack --ctstate '
            'RELATED,ESTABLISHED -j ACCEPT',
            f'-A NC-FWD-nc0 -o {BRIDGE} -m conntrack --ctstate DNAT '
            '-j ACCEPT',
            f'-A NC-FWD-nc0 -o {BRIDGE} -j DROP',
            f'-A NC-FWD-nc0 -i {BRIDGE} -j ACCEPT'], chain)
        self.assertIn(f'-A NC-NAT-nc0 -s 10.9.0.0/24 ! -o {BRIDGE} '
                      '-j MASQUERADE', text)
        self.assertIn(f'-A NC-NAT-nc0 -s fd00:9::/64 ! -o {BRIDGE} '
                      '-j MASQUERADE', self.firewall.text(6, [SHOP]))

    def test_into_networks_is_looked_at_before_out_of_them(self):
        other = dataclasses.replace(SHOP, id='e' * 64)
        text = self.firewall.text(4, [SHOP, other])
        self.assertLess(text.index(f'-o {other.bridge} -j DROP'),
                        text.index(f'-i {BRIDGE} -j ACCEPT'))

    def test_internal(self):
        text = self.firewall.text(
            4, [dataclasses.replace(SHOP, internal=True)])
        self.assertIn(f'-i {BRIDGE} -j DROP', text)
        self.assertIn(f'-o {BRIDGE} -j DROP', text)
        self.assertIn(f'-i {BRIDGE} -o {BRIDGE} -j ACCEPT', text)
        self.assertNotIn('MASQUERADE', text)
        self.assertNotIn('DNAT', text)

    def test_without_masquerade(self):
        self.assertNotIn('MASQUERADE', self.firewall.text(
            4, [dataclasses.replace(SHOP, options={
                networking.OPTION_MASQUERADE: 'false'})]))

    def test_apply_hooks_once(self):
        self.firewall.apply([dataclasses.replace(SHOP, ipv6=False)])
        self.assertEqual([
            'iptables-restore -w --noflush',
            'iptables -w -t filter -C FORWARD -j NC-FWD-nc0',
            'iptables -w -t nat -C POSTROUTING -j NC-NAT-nc0'],
            self.words())
        self.assertIn(':NC-FWD-nc0 - [0:0]', self.ran[0][1])

    def test_apply_hooks_where_it_is_not(self):
        self.failing = ['-C']
        self.firewall.apply([SHOP])
        self.assertIn('iptables -w -t filter -I FORWARD 1 -j NC-FWD-nc0',
                      self.words())
        self.assertIn('ip6tables -w -t nat -I POSTROUTING 1 -j NC-NAT-nc0',
                      self.words())

    def test_refused(self):
        self.failing = ['restore']
        error = self.assertRaises(
            exception.Internal, self.firewall.apply, [SHOP])
        self.assertIn('refused', error.message)

    def test_remove(self):
        self.firewall.remove()
        for words in ('iptables -w -t nat -D POSTROUTING -j NC-NAT-nc0',
                      'iptables -w -t nat -X NC-NAT-nc0',
                      'ip6tables -w -t filter -X NC-FWD-nc0'):
            self.assertIn(words, self.words())

    def test_remove_what_is_not_there(self):
        self.failing = ['-C', '-F']
        self.firewall.remove()
        self.assertFalse([words for words in self.words()
                          if '-D' in words or '-X' in words])

    def test_missing(self):
        with mock.patch('shutil.which', side_effect=lambda name: (
                None if name == 'iptables-restore' else name)):
            self.assertEqual(['iptables-restore'], self.firewall.missing())

    def test_why_not(self):
        with mock.patch('novacontainer.runtime.host.namespaces.hold') as hold:
            hold.return_value.__enter__.return_value = 7
            self.assertEqual('', self.firewall.why_not())
            self.assertTrue(all(
                words.startswith('nsenter --net=/proc/7/ns/net -- ')
                for words in self.words()))
            self.failing = ['restore']
            self.assertIn('refused', self.firewall.why_not())
            hold.side_effect = OSError(1, 'no namespaces')
            self.assertIn('no namespaces', self.firewall.why_not())

    def test_a_program_that_is_not_there(self):
        with mock.patch('subprocess.run', side_effect=OSError(2, 'gone')):
            error = self.assertRaises(
                exception.Internal, self.firewall.apply, [SHOP])
        self.assertIn('could not be run', error.message)
