"""What a tenant does in the demo, step by step, and what has to be true.

Called by ``standing``; calls ``tenant`` (what is asked
of the cloud), ``neighbour`` (what is seen on the network) and ``leaks``.
Every step proves itself: it raises when what it shows is not so.
"""

from collections.abc import Callable
import time

from openstack.compute.v2 import server as servers

from demo import directory as directories
from demo import errors
from demo import images
from demo import leaks
from demo import neighbour
from demo import report as reports
from demo import tenant as tenants

PHASE = 'Tenant'

_WEB = 'demo-web'
_COPY = 'demo-copy'
_SHELL = 'demo-shell'
_SNAPSHOT = 'demo-snapshot'
_NOTE = 'written-by-the-tenant'


class Scenario:
    """One run of the tenant's steps; they build on each other."""

    def __init__(self, directory: directories.Directory) -> None:
        self._directory = directory
        self._tenant = tenants.Tenant(directory)
        self._compute = self._tenant.cloud.compute
        self._neighbour: neighbour.Neighbour
        self._before: leaks.Inventory
        self._web: servers.Server
        self._copy: servers.Server
        self._shell: servers.Server
        self._address = ''

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """What is shown, in order; each returns what came of it."""
        return [
            ('Flavor, network, router, security group, key', self.prepare),
            ('An instance of the web image boots', self.boot),
            ('The security group blocks it', self.blocked),
            ('Rules for ICMP, HTTP and ssh let it answer', self.allowed),
            ('A floating address lets the world in, until it is taken away',
             self.floating),
            ('The console log shows its output', self.console),
            ('A soft reboot keeps address and files', self.soft_reboot),
            ('A hard reboot keeps them too', self.hard_reboot),
            ('Stopped it is silent, started it is back', self.stop_start),
            ('Paused it is silent, unpaused it is back', self.pause),
            ('A snapshot goes to Glance', self.snapshot),
            ('Two more boot: from the snapshot, and the Debian image',
             self.boot_more),
            ('The changed file is in the snapshot', self.changed_file),
            ('Instances reach each other', self.talk),
            ('ssh with the key from the metadata service', self.login),
            ('All are deleted', self.delete),
            ('Nothing is left on the host', self.clean),
        ]

    def prepare(self) -> str:
        """Have what instances need, and nothing of an earlier run."""
        self._tenant.delete(
            [server for server in self._compute.servers()
             if server.name in (_WEB, _COPY, _SHELL)])
        self._delete_snapshots()
        self._tenant.release_addresses()
        self._tenant.make_flavor()
        self._tenant.make_external()
        network_id = self._tenant.make_network()
        self._neighbour = neighbour.Neighbour(network_id)
        self._tenant.make_group()
        self._tenant.make_key()
        self._tenant.wait_network(network_id,
                                  lambda: self._neighbour.present)
        self._before = leaks.inventory(self._directory)
        return f'network {tenants.SUBNET}'

    def boot(self) -> str:
        """Boot the web server."""
        began = time.monotonic()
        self._web = self._tenant.wait(
            self._tenant.boot(_WEB, images.WEB), 'ACTIVE')
        seconds = time.monotonic() - began
        self._address = self._tenant.address(self._web)
        return f'ACTIVE after {seconds:.1f} s, address {self._address}'

    def blocked(self) -> str:
        """Without a rule nothing comes in."""
        if self._neighbour.pings(self._address):
            raise errors.DemoError('a ping came through with no rule for it.')
        if self._page() is not None:
            raise errors.DemoError('HTTP came through with no rule for it.')
        return 'no answer to ping, none to HTTP'

    def allowed(self) -> str:
        """With rules it answers, without a restart."""
        self._tenant.allow('icmp')
        self._tenant.allow('tcp', 80)
        self._tenant.allow('tcp', 22)
        self._tenant.until(f'{self._address} answers a ping',
                           lambda: self._neighbour.pings(self._address), 30)
        page = self._tenant.until('the web server answers', self._page, 30)
        return str(page).splitlines()[-1]

    def floating(self) -> str:
        """Reach it from outside of its network, and then no more."""
        outside = neighbour.Outside()
        address = self._tenant.float(self._web)
        self._tenant.until(f'{address} answers',
                           lambda: outside.fetch(address), 30)
        self._tenant.release_addresses()
        self._tenant.until(f'{address} is silent',
                           lambda: not outside.pings(address), 30)
        return f'{address} served the page, and is silent now'

    def console(self) -> str:
        """The console log is what the first process writes."""
        def first_line() -> str:
            log = self._compute.get_server_console_output(self._web)
            return next((line for line in log['output'].splitlines()
                         if line.startswith('web: ')), '')
        return str(self._tenant.until('the console log has its greeting',
                                      first_line, 20))

    def soft_reboot(self) -> str:
        """Write a file, reboot, read it at the same address."""
        self._neighbour.fetch(self._address, f'/cgi-bin/write?{_NOTE}')
        return self._reboot('SOFT')

    def hard_reboot(self) -> str:
        """The same with force."""
        return self._reboot('HARD')

    def stop_start(self) -> str:
        """Stop, and start."""
        self._compute.stop_server(self._web)
        self._tenant.wait(self._web, 'SHUTOFF')
        self._refuse_answer('stopped')
        self._compute.start_server(self._web)
        self._tenant.wait(self._web, 'ACTIVE')
        return self._unchanged()

    def pause(self) -> str:
        """Pause, and unpause: the process is the same one."""
        before = self._process()
        self._compute.pause_server(self._web)
        self._tenant.wait(self._web, 'PAUSED')
        self._refuse_answer('paused')
        self._compute.unpause_server(self._web)
        self._tenant.wait(self._web, 'ACTIVE')
        text = self._unchanged()
        if self._process() != before:
            raise errors.DemoError('its process is not the one it had.')
        return text

    def snapshot(self) -> str:
        """Make an image of the instance."""
        image = self._compute.create_server_image(self._web, _SNAPSHOT)
        api = self._tenant.cloud.image

        def active() -> object:
            found = api.get_image(image.id)
            if found.status in ('killed', 'deleted'):
                raise errors.DemoError(f'the snapshot is {found.status}.')
            return found if found.status == 'active' else None
        found = self._tenant.until('the snapshot is active', active, 120)
        formats = f'{found.container_format}/{found.disk_format}'
        if formats != 'docker/raw':
            raise errors.DemoError(f'its format is {formats}, which does '
                                   'not boot: it should be docker/raw.')
        self._tenant.wait(self._web, 'ACTIVE')
        return f'{formats}, {found.size / 1e6:.1f} MB'

    def boot_more(self) -> str:
        """Boot the snapshot and the Debian image at the same time."""
        asked = [self._tenant.boot(_COPY, _SNAPSHOT),
                 self._tenant.boot(_SHELL, images.DEBIAN)]
        self._copy, self._shell = (
            self._tenant.wait(server, 'ACTIVE') for server in asked)
        return ', '.join(
            f'{server.name} at {self._tenant.address(server)}'
            for server in (self._copy, self._shell))

    def changed_file(self) -> str:
        """What the tenant wrote is in the copy."""
        address = self._tenant.address(self._copy)
        note = self._tenant.until(
            'the copy serves the note',
            lambda: self._neighbour.fetch(address, '/note.txt'), 20)
        self._compare('the note in the copy', str(note).strip(), _NOTE)
        return f'{_COPY} serves "{_NOTE}"'

    def talk(self) -> str:
        """The web server fetches a page of its copy."""
        address = self._tenant.address(self._copy)
        name = self._neighbour.fetch(
            self._address, f'/cgi-bin/fetch?{address}/cgi-bin/host')
        found = (name or 'no answer').splitlines()[0]
        self._compare('what the copy answers', found, _COPY)
        return f'{_WEB} fetched a page of {found}'

    def login(self) -> str:
        """Log in to the Debian instance, and look around from there."""
        address = self._tenant.address(self._shell)
        command = ('cat /etc/debian_version && hostname && busybox wget '
                   f'-q -O - http://{self._address}/note.txt')
        text = self._tenant.until(
            'sshd lets the key in',
            lambda: self._neighbour.login(address, self._tenant.key, command),
            60)
        version, name, note = str(text).split()
        self._compare('its hostname', name, _SHELL)
        self._compare('the note it fetched', note, _NOTE)
        return f'Debian {version}, and it reaches {_WEB}'

    def delete(self) -> str:
        """Delete the instances and the snapshot."""
        self._tenant.delete([self._web, self._copy, self._shell])
        self._delete_snapshots()
        return 'Nova has forgotten them'

    def clean(self) -> str:
        """Compare the host with what it was before the first boot."""
        def rest() -> list[str]:
            return leaks.difference(self._before,
                                    leaks.inventory(self._directory))
        # Neutron's agent takes its part away a moment later.
        deadline = time.monotonic() + 20
        while left := rest():
            if time.monotonic() > deadline:
                raise errors.DemoError('left behind: ' + '; '.join(left))
            time.sleep(0.5)
        return 'no ' + ', '.join(self._before)

    def _page(self) -> str | None:
        return self._neighbour.fetch(self._address)

    def _process(self) -> str | None:
        """Host name and start time of the first process."""
        return self._neighbour.fetch(self._address, '/cgi-bin/host')

    def _reboot(self, kind: str) -> str:
        before = self._process()
        self._compute.reboot_server(self._web, kind)
        self._tenant.wait(self._web, 'ACTIVE')
        self._tenant.until(
            'the process is a new one',
            lambda: self._process() not in (None, before), 30)
        return self._unchanged()

    def _unchanged(self) -> str:
        """The note is still served at the same address."""
        self._compare('its address', self._tenant.address(self._web),
                      self._address)
        note = self._tenant.until(
            'the web server is back',
            lambda: self._neighbour.fetch(self._address, '/note.txt'), 30)
        self._compare('the note', str(note).strip(), _NOTE)
        return f'{self._address} still serves "{_NOTE}"'

    def _refuse_answer(self, state: str) -> None:
        if self._page() is not None:
            raise errors.DemoError(f'it is {state}, and answers over HTTP.')

    def _compare(self, what: str, found: str, wanted: str) -> None:
        if found != wanted:
            raise errors.DemoError(
                f'{what} is "{found}" and should be "{wanted}".')

    def _delete_snapshots(self) -> None:
        api = self._tenant.cloud.image
        for image in list(api.images(name=_SNAPSHOT, visibility='private')):
            api.delete_image(image)


def run(directory: directories.Directory, report: reports.Report) -> None:
    """Go through all steps.

    :raises DemoError: a step is not as it should be.
    :raises openstack.exceptions.SDKException: an API refused.
    """
    report.phase('A tenant uses it, as an ordinary member of its project')
    scenario = Scenario(directory)
    for title, action in scenario.steps():
        with report.step(PHASE, title):
            result = action()
        report.say(f'{"":>10}{result}')
