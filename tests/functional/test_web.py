"""The status page in a real browser, in front of the real daemon."""

import http.client
import json
import os
import pathlib
import re
import signal
import subprocess

from tests.functional import browser
from tests.functional import cli
from tests.functional import daemon

HOSTILE = '<script>document.title="owned"</script><img src=x onerror=owned()>'
#: Gives the socket to a group that every Debian has.
GROUP = 'daemon'


class WebTestCase(cli.CliTestCase):
    OPTIONS = {'DEFAULT': {'socket_group': GROUP}}

    def serve(self, *words):
        """Start the page; returns (process, its address)."""
        process = self.start('web', '--port', '0', *words)
        line = process.stdout.readline().decode()
        found = re.search(r'http://127\.0\.0\.1:(\d+)/', line)
        self.assertIsNotNone(found, line + process.stdout.read().decode()
                             if process.poll() is not None else line)
        return process, found[0]

    def ask(self, url, path, **headers):
        """Ask as a program would; returns (status, document)."""
        connection = http.client.HTTPConnection(
            url.removeprefix('http://').rstrip('/'),
            timeout=cli.TIMEOUT_S)
        self.addCleanup(connection.close)
        connection.request('GET', path, headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def facts(self, process):
        """Return what the kernel says of a process (proc(5), status)."""
        text = pathlib.Path(f'/proc/{process.pid}/status').read_text()
        return dict(line.split(':\t', 1) for line in text.splitlines())


class WebProcessTest(WebTestCase):

    def test_it_is_nobody(self):
        process, url = self.serve()
        facts = self.facts(process)
        self.assertEqual({'65534'}, set(facts['Uid'].split()))
        self.assertEqual({'1'}, set(facts['Gid'].split()))
        self.assertEqual('', facts['Groups'].strip())
        self.assertEqual(0, int(facts['CapPrm'], 16))
        self.assertEqual('1', facts['NoNewPrivs'])
        self.assertEqual(200, self.ask(url, '/api/status')[0])

    def test_who_may_look(self):
        _process, url = self.serve()
        port = url.rstrip('/').rpartition(':')[2]
        for uid, gid, status in ((65534, 65534, b'403'), (1, 1, b'200')):
            ended = subprocess.run(
                ['setpriv', f'--reuid={uid}', f'--regid={gid}',
                 '--clear-groups', '/usr/bin/python3', '-c',
                 'import sys, urllib.request, urllib.error\n'
                 'handler = urllib.request.ProxyHandler({})\n'
                 'opener = urllib.request.build_opener(handler)\n'
                 'try: print(opener.open(sys.argv[1]).status)\n'
                 'except urllib.error.HTTPError as e: print(e.code)\n',
                 f'http://127.0.0.1:{port}/api/status'],
                capture_output=True, check=True, timeout=cli.TIMEOUT_S,
                cwd='/')
            self.assertEqual(status, ended.stdout.strip(), uid)

    def test_names_of_others(self):
        _process, url = self.serve()
        self.assertEqual(421, self.ask(
            url, '/api/status', Host='rebound.example.org')[0])

    def test_what_cannot_be_served(self):
        _process, url = self.serve()
        port = url.rstrip('/').rpartition(':')[2]
        self.assertIn('in use already', self.refused('web', '--port', port))
        self.assertIn('not a loopback address', self.refused(
            'web', '--bind', '0.0.0.0'))
        self.assertIn('no user nosuchuser', self.refused(
            'web', '--port', '0', '--user', 'nosuchuser'))
        self.assertIn('no group nosuchgroup', self.refused(
            'web', '--port', '0', '--group', 'nosuchgroup'))
        self.assertIn('Only root can use', self.refused(
            'web', '--port', '0', '--group', 'root'))
        # Not a group of the socket.
        self.assertIn('cannot be opened', self.refused(
            'web', '--port', '0', '--group', 'games'))

    def test_interrupted(self):
        process, _url = self.serve()
        process.send_signal(signal.SIGINT)
        self.assertEqual(130, process.wait(cli.TIMEOUT_S))
        self.assertEqual(b'', process.stdout.read())


class WebPageTest(WebTestCase):

    def setUp(self):
        super().setUp()
        _process, self.url = self.serve()
        self.browser = self.useFixture(browser.Browser())

    def test_containers_with_state_limits_and_plots(self):
        self.container('busy', 'sh', '-c', 'while :; do :; done', switches=(
            '-m', '64m', '--cpus', '0.25', '--label', f'k={HOSTILE}', '-e',
            'PASSWORD=hunter2'))
        self.container('ended', 'sh', '-c', 'exit 3')
        self.cli('wait', 'ended')
        self.browser.open(self.url)
        for words in ('busy', 'running', 'of 64 MiB', 'of 25 %', 'ended',
                      'Exited (3)', cli.IMAGE):
            self.browser.wait_for_text(words)
        # A curve of several samples is drawn, and grows.
        self.browser.wait_for(
            '[...document.querySelectorAll("tr .curve")].some((one) =>'
            ' (one.getAttribute("d") || "").split("L").length > 2)')
        self.browser.evaluate(
            '[...document.querySelectorAll("a.name")].find((one) =>'
            ' one.textContent === "busy").click()')
        self.browser.wait_for_text('2 variables, not shown')
        self.browser.wait_for_text(HOSTILE)
        self.browser.wait_for_text('0.25 cpus, 64 MiB of memory')
        for kind, name in (('cpu', 'CPU'), ('memory', 'Memory')):
            self.browser.wait_for(
                f'document.querySelector("svg.{kind} .curve") !== null')
            self.assertRegex(self.browser.evaluate(
                f'document.querySelector("svg.{kind}")'
                '.getAttribute("aria-label")'), rf'^{name}: \d')
        self.assertNotIn('hunter2', self.browser.text())
        self.assertPageIsSound()

    def test_logs_are_text(self):
        self.container('talk', 'sh', '-c', 'echo "$0"; echo oh >&2; '
                       'while :; do sleep 1; echo again; done', HOSTILE)
        self.browser.open(f'{self.url}#/containers/talk')
        self.browser.wait_for_text(HOSTILE)
        self.browser.wait_for(
            'document.querySelector(".log .stderr").textContent'
            '.endsWith("oh")')
        # It goes on by itself.
        self.browser.wait_for(
            '(document.querySelector(".log").textContent'
            '.match(/again/g) || []).length >= 2')
        self.assertEqual(0, self.browser.evaluate(
            'document.querySelectorAll("main script, main img").length'))
        self.assertPageIsSound()

    def test_images_and_events(self):
        self.container('seen')
        self.browser.open(f'{self.url}#/images')
        self.browser.wait_for_text(cli.IMAGE)
        self.browser.open(f'{self.url}#/events')
        self.browser.wait_for_text('container start')
        self.browser.wait_for_text('seen')
        self.cli('pause', 'seen')
        self.browser.wait_for_text('container pause')
        self.cli('unpause', 'seen')
        self.assertPageIsSound()

    def test_what_is_not_there(self):
        self.browser.open(f'{self.url}#/containers/missing')
        self.browser.wait_for_text('not there any more')
        self.browser.open(f'{self.url}#/nowhere')
        self.browser.wait_for_text('There is no such view')

    def test_dark_and_small(self):
        self.container('shown')
        self.browser.open(self.url)
        self.browser.wait_for_text('shown')
        ground = 'getComputedStyle(document.body).backgroundColor'
        light = self.browser.evaluate(ground)
        self.browser.call('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': 'dark'}])
        self.browser.wait_for(f'{ground} !== {json.dumps(light)}')
        self.browser.call(
            'Emulation.setDeviceMetricsOverride', width=390, height=800,
            deviceScaleFactor=1, mobile=True)
        # Nothing sticks out of a telephone.
        self.browser.wait_for(
            'innerWidth === 390 && document.documentElement.scrollWidth '
            '<= 390')
        self.assertTrue(self.browser.picture().startswith(b'\x89PNG'))

    def assertPageIsSound(self):
        """Nothing was refused, nothing ran that is not ours."""
        self.assertEqual([], self.browser.messages)
        self.assertTrue(self.browser.evaluate('document.title').endswith(
            ' · novacontainer'))


class WebDaemonAwayTest(WebTestCase):

    def test_it_says_so_and_recovers(self):
        page = self.useFixture(browser.Browser())
        _process, url = self.serve()
        self.container('stays')
        page.open(url)
        page.wait_for_text('stays')
        self.daemon.stop()
        page.wait_for_text('novacontainerd is away')
        page.wait_for_text('systemctl start novacontainerd')
        # What was known is still to be seen.
        self.assertIn('stays', page.text())
        self.daemon.start()
        page.wait_for('!document.querySelector(".notice.shown") && '
                      '!document.querySelector("main.stale")')
        page.wait_for_text('running')

    def test_the_page_itself_is_away(self):
        page = self.useFixture(browser.Browser())
        process, url = self.serve()
        page.open(url)
        page.wait_for_text('There are no containers')
        process.kill()
        process.wait()
        page.wait_for_text('Start “novacontainer web” again')

    def test_before_the_daemon(self):
        absent = self.daemon.directory / 'none'
        process = subprocess.Popen(
            [*self.program, '--socket', str(absent), 'web', '--port', '0',
             '--group', GROUP], env={**os.environ}, cwd=daemon.ROOT,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        url = re.search(r'http://\S+',
                        process.stdout.readline().decode())[0]
        status, answer = self.ask(url, '/api/status')
        self.assertEqual(503, status)
        self.assertIn('cannot be reached', answer['message'])
