"""A real Chromium without a window, driven by its DevTools protocol.

Used by: ``test_web``.  It has a profile of its own, reaches nothing but this
host, and is gone with its profile at the end.
"""

import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

import fixtures
import websocket

#: Generous: machines that run tests are busy.
PATIENCE_S = 90

_SWITCHES = (
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
    '--no-first-run', '--no-default-browser-check',
    '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--disable-default-apps', '--disable-extensions',
    '--disable-dev-shm-usage', '--disable-breakpad', '--no-proxy-server',
    '--metrics-recording-only', '--password-store=basic', '--mute-audio',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    '--window-size=1280,900', '--remote-debugging-port=0')


def until(look, what):
    """Look again and again until something is there; returns it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f'There is still not {what}')
        time.sleep(0.1)


class Browser(fixtures.Fixture):
    """One tab.

    ``messages`` are what the page wrote to its console, and what the browser
    refused it.
    """

    def _setUp(self):
        program = shutil.which('chromium')
        if program is None:
            raise unittest.SkipTest(
                'There is no chromium: install the package (bindep test) to '
                'run this test.')
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.messages = []
        self._number = 0
        log = (self.directory / 'log').open('wb')
        self.addCleanup(log.close)
        # Its own session, so that its helpers can be ended with it.
        self._process = subprocess.Popen(
            [program, *_SWITCHES, f'--user-data-dir={self.directory}/user',
             'about:blank'],
            # It leaves a directory where temporary files are.
            env={**os.environ, 'HOME': str(self.directory),
                 'TMPDIR': str(self.directory)},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True)
        self.addCleanup(self._end)
        self._socket = self._connect()
        self.addCleanup(self._socket.close)
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(f'{domain}.enable')

    def _connect(self):
        port_file = self.directory / 'user' / 'DevToolsActivePort'
        port = until(lambda: self._alive() and port_file.exists()
                     and port_file.read_text().split(), 'a browser')[0]
        browser = websocket.create_connection(
            'ws://127.0.0.1:{}{}'.format(*port_file.read_text().split()),
            timeout=PATIENCE_S, suppress_origin=True)
        try:
            browser.send(json.dumps({'id': 1, 'method': 'Target.getTargets'}))
            targets = json.loads(browser.recv())['result']['targetInfos']
        finally:
            browser.close()
        tab, = [one for one in targets if one['type'] == 'page']
        return websocket.create_connection(
            f'ws://127.0.0.1:{port}/devtools/page/{tab["targetId"]}',
            timeout=PATIENCE_S, suppress_origin=True)

    def _alive(self):
        if self._process.poll() is not None:
            text = (self.directory / 'log').read_text(errors='replace')
            raise AssertionError(f'The browser ended:\n{text[-3000:]}')
        return True

    def _end(self):
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()

    def call(self, method, **params):
        """Call one method of the protocol; returns its result."""
        self._number += 1
        self._socket.send(json.dumps(
            {'id': self._number, 'method': method, 'params': params}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get('id') == self._number:
                if 'error' in message:
                    raise AssertionError(f'{method}: {message["error"]}')
                return message['result']
            self._hear(message)

    def _hear(self, message):
        params = message.get('params') or {}
        if message.get('method') == 'Log.entryAdded':
            entry = params['entry']
            self.messages.append(
                f'{entry["level"]}: {entry["text"]} {entry.get("url", "")}')
        elif message.get('method') in ('Runtime.exceptionThrown',
                                       'Runtime.consoleAPICalled'):
            self.messages.append(json.dumps(params))

    def open(self, url):
        """Go to a page."""
        result = self.call('Page.navigate', url=url)
        if result.get('errorText'):
            raise AssertionError(f'{url}: {result["errorText"]}')

    def evaluate(self, expression):
        """Evaluate JavaScript in the page; returns its value."""
        result = self.call('Runtime.evaluate', expression=expression,
                           returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in result:
            raise AssertionError(f'{expression}: {result}')
        return result['result'].get('value')

    def text(self):
        """What a person can read on the page."""
        return self.evaluate('document.body ? document.body.innerText : ""')

    def wait_for(self, expression):
        """Wait until JavaScript says something true; returns it."""
        try:
            return until(lambda: self.evaluate(expression), expression)
        except AssertionError as error:
            raise AssertionError(
                f'{error}\n{self.text()}\n{self.messages}') from error

    def wait_for_text(self, words):
        """Wait until the page shows these words."""
        return self.wait_for(
            f'document.body && document.body.innerText.includes('
            f'{json.dumps(words)})')

    def picture(self):
        """Return a picture of the whole page (PNG)."""
        return base64.b64decode(self.call(
            'Page.captureScreenshot', captureBeyondViewport=True)['data'])
