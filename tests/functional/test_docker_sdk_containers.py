import json
import os
import time

import docker
import requests

from tests.functional import daemon
from tests.functional import sdk


class ContainersTest(sdk.SdkTestCase):

    def test_life(self):
        container = self.create_container(name='life')
        self.assertEqual('created', container.status)
        container.start()
        container.reload()
        self.assertEqual('running', container.status)
        self.assertGreater(container.attrs['State']['Pid'], 0)
        container.stop(timeout=0)
        container.reload()
        self.assertEqual('exited', container.status)
        self.assertEqual(137, container.attrs['State']['ExitCode'])
        container.start()
        container.remove(force=True)
        self.assertRaises(docker.errors.NotFound,
                          self.docker.containers.get, 'life')

    def test_verbs_that_are_done_already_succeed(self):
        container = self.run_container()
        container.start()
        container.stop(timeout=0)
        container.stop(timeout=0)

    def test_run_in_the_foreground(self):
        self.assertEqual(b'out\n', self.docker.containers.run(
            sdk.IMAGE, 'echo out', remove=True))
        error = self.assertRaises(
            docker.errors.ContainerError, self.docker.containers.run,
            sdk.IMAGE, ['sh', '-c', 'echo err >&2; exit 3'], remove=True)
        self.assertEqual((3, b'err\n'), (error.exit_status, error.stderr))

    def test_output(self):
        container = self.run_container('sh', '-c', 'echo out; echo err >&2')
        self.assertEqual({'StatusCode': 0}, container.wait())
        self.assertEqual(b'out\n', container.logs(stderr=False))
        self.assertEqual(b'err\n', container.logs(stdout=False))

    def test_exit_code(self):
        container = self.run_container('sh', '-c', 'exit 7')
        self.assertEqual(7, container.wait()['StatusCode'])
        container.reload()
        self.assertEqual(7, container.attrs['State']['ExitCode'])
        self.assertEqual([container.id], [
            c.id for c in self.docker.containers.list(
                all=True, filters={'exited': 7})])

    def test_wait_before_start(self):
        container = self.create_container('true')
        waiting = daemon.Connection(self.daemon.socket_path)
        self.addCleanup(waiting.close)
        waiting.request(
            'POST', f'/containers/{container.id}/wait?condition=next-exit')
        # The head of the answer comes as soon as we are waiting.
        answer = waiting.getresponse()
        self.assertEqual(200, answer.status)
        container.start()
        self.assertEqual({'StatusCode': 0}, json.loads(answer.read()))

    def test_wait_gives_up_without_leaving_anything(self):
        container = self.run_container()
        self.assertRaises(requests.exceptions.RequestException,
                          container.wait, timeout=0.5)
        container.reload()
        self.assertEqual('running', container.status)

    def test_kill_and_signals(self):
        container = self.run_container(
            'sh', '-c', 'trap "echo usr1; exit 5" USR1;'
            'echo ready; while :; do sleep 0.05; done')
        self._await_line(container, b'ready')
        container.kill('SIGUSR1')
        self.assertEqual(5, container.wait()['StatusCode'])
        self.assertIn(b'usr1', container.logs())
        error = self.assertRaises(docker.errors.APIError, container.kill)
        self.assertEqual(409, error.status_code)

    def test_bad_signal(self):
        container = self.run_container()
        error = self.assertRaises(docker.errors.APIError, container.kill,
                                  'SIGNONSENSE')
        self.assertEqual(400, error.status_code)

    def test_restart_gives_a_new_process(self):
        container = self.run_container()
        container.reload()
        before = container.attrs['State']['Pid']
        container.restart(timeout=0)
        container.reload()
        self.assertEqual('running', container.status)
        self.assertNotEqual(before, container.attrs['State']['Pid'])

    def test_pause(self):
        container = self.run_container()
        container.pause()
        container.reload()
        self.assertEqual('paused', container.status)
        self.assertTrue(container.attrs['State']['Running'])
        error = self.assertRaises(docker.errors.APIError, container.pause)
        self.assertEqual(409, error.status_code)
        container.unpause()
        container.reload()
        self.assertEqual('running', container.status)

    def test_running_containers_are_not_removed(self):
        container = self.run_container()
        error = self.assertRaises(docker.errors.APIError, container.remove)
        self.assertEqual(409, error.status_code)

    def test_taken_name(self):
        self.create_container(name='taken')
        error = self.assertRaises(docker.errors.APIError,
                                  self.create_container, name='taken')
        self.assertEqual(409, error.status_code)

    def test_errors_of_create(self):
        self.assertRaises(
            docker.errors.ImageNotFound, self.docker.containers.create,
            'sha256:' + '0' * 64, 'true')
        for options in ({'name': '/../x'}, {'environment': ['=x']},
                        {'mem_limit': -5}):
            error = self.assertRaises(docker.errors.APIError,
                                      self.create_container, **options)
            self.assertEqual(400, error.status_code)
        self.assertRaises(docker.errors.NotFound, self.create_container,
                          network_mode='container:x')

    def test_command_that_is_not_there(self):
        container = self.create_container('/no/such/program')
        error = self.assertRaises(docker.errors.APIError, container.start)
        self.assertEqual(400, error.status_code)
        container.reload()
        self.assertEqual(127, container.attrs['State']['ExitCode'])

    def test_inspect(self):
        container = self.run_container(
            environment={'COLOUR': 'red'}, labels={'tier': 'front'},
            hostname='shop', mem_limit='64m', working_dir='/tmp',
            user='www-data', cap_drop=['ALL'])
        attrs = container.attrs
        self.assertEqual(64 * 2**20, attrs['HostConfig']['Memory'])
        self.assertIn('COLOUR=red', attrs['Config']['Env'])
        self.assertEqual('shop', attrs['Config']['Hostname'])
        self.assertEqual({'tier': 'front'}, container.labels)
        self.assertEqual(['ALL'], attrs['HostConfig']['CapDrop'])
        self.assertEqual('sleep', attrs['Path'])
        self.assertTrue(attrs['NetworkSettings']['SandboxKey'].startswith(
            '/run/netns/nc-'))
        self.assertEqual('busybox:test', attrs['Config']['Image'])
        self.assertEqual(container.image.tags, ['busybox:test'])

    def test_where_it_lies(self):
        container = self.create_container()
        self.assertEqual('', container.attrs['HostsPath'])
        container.start()
        container.reload()
        for name in ('HostsPath', 'HostnamePath', 'ResolvConfPath',
                     'LogPath'):
            self.assertTrue(os.path.isfile(container.attrs[name]), name)
        data = container.attrs['GraphDriver']['Data']
        for name in ('UpperDir', 'WorkDir', 'MergedDir'):
            self.assertTrue(os.path.isdir(data[name]), name)
        self.assertTrue(os.path.exists(
            os.path.join(data['LowerDir'], 'bin/busybox')))
        self.assertTrue(os.path.exists(
            os.path.join(data['MergedDir'], 'bin/busybox')))

    def test_platform(self):
        self.create_container(platform='linux/amd64')
        error = self.assertRaises(
            docker.errors.NotFound, self.create_container,
            platform='linux/s390x')
        self.assertIn('does not match the specified platform',
                      error.explanation)

    def test_restart_with_a_signal(self):
        container = self.run_container(
            'sh', '-c', 'trap "echo interrupted; exit" INT; echo ready;'
            'while :; do sleep 0.05; done')
        self._await_line(container, b'ready')
        status, _ = self.daemon.request(
            'POST', f'/containers/{container.id}/restart?signal=INT')
        self.assertEqual(204, status)
        self.assertIn(b'interrupted', container.logs())

    def test_volumes_as_a_list(self):
        container = self.create_container(volumes=['/data'])
        self.assertEqual({'/data': {}},
                         container.attrs['Config']['Volumes'])
        self.assertEqual(['volume'], [
            one['Type'] for one in container.attrs['Mounts']])

    def test_list_filters(self):
        one = self.run_container(name='filter-one', labels={'n': '1'})
        two = self.create_container(name='filter-two', labels={'n': '2'})

        def found(**filters):
            return {c.id for c in self.docker.containers.list(
                all=True, filters=filters)} & {one.id, two.id}

        self.assertEqual({one.id}, found(label='n=1'))
        self.assertEqual({one.id, two.id}, found(label='n'))
        self.assertEqual({two.id}, found(name='filter-two'))
        self.assertEqual({two.id}, found(id=two.id[:20]))
        self.assertEqual({two.id}, found(status='created'))
        self.assertEqual({one.id, two.id}, found(ancestor=sdk.IMAGE))
        self.assertEqual({two.id}, found(since=one.id))
        self.assertEqual({one.id, two.id}, found(health='none'))
        self.assertEqual(set(), found(network='bridge'))
        self.assertNotIn(two.id, {
            c.id for c in self.docker.containers.list()})
        self.assertEqual(1, len(self.docker.containers.list(limit=1)))
        for bad in ({'status': 'bored'}, {'name': '['}, {'nonsense': 'x'}):
            error = self.assertRaises(docker.errors.APIError, found, **bad)
            self.assertEqual(400, error.status_code)

    def test_size(self):
        container = self.run_container(
            'sh', '-c', 'dd if=/dev/zero of=/big bs=1M count=3')
        container.wait()
        shown = self.docker.api.containers(
            all=True, size=True, filters={'id': container.id})[0]
        self.assertGreaterEqual(shown['SizeRw'], 3 * 2**20)
        self.assertGreater(shown['SizeRootFs'], shown['SizeRw'])

    def test_commit(self):
        container = self.run_container('sh', '-c', 'echo new > /tmp/file')
        container.wait()
        image = container.commit(
            'shop/commit', '2', message='why', author='me',
            changes='ENV A=b', conf={'Cmd': ['cat', '/tmp/file']})
        self.addCleanup(self.docker.images.remove, 'shop/commit:2')
        self.assertEqual(['shop/commit:2'], image.tags)
        self.assertEqual('me', image.attrs['Author'])
        self.assertEqual('why', image.attrs['Comment'])
        self.assertIn('A=b', image.attrs['Config']['Env'])
        made = self.docker.containers.run('shop/commit:2', detach=True)
        self.addCleanup(self.remove, made)
        made.wait()
        self.assertEqual(b'new\n', made.logs())
        made.remove()

    def test_commit_to_one_word(self):
        container = self.create_container('true')
        image = container.commit('shop/word:3')
        self.assertEqual(['shop/word:3'], image.tags)
        container.reload()
        self.assertEqual(container.attrs['Image'], image.attrs['Parent'])
        child = self.docker.containers.create('shop/word:3', 'true')
        self.addCleanup(self.remove, child)
        grandchild = child.commit()
        self.assertEqual(image.id, grandchild.attrs['Parent'])
        child.remove()
        self.docker.images.remove('shop/word:3')
        grandchild.reload()
        self.assertEqual('', grandchild.attrs['Parent'])
        self.docker.images.remove(grandchild.id)

    def test_auto_remove(self):
        container = self.run_container('sh', '-c', 'sleep 0.3',
                                       auto_remove=True)
        self._await_removal(container)

    def test_auto_remove_spares_what_is_restarted(self):
        container = self.run_container(auto_remove=True)
        container.restart(timeout=0)
        container.reload()
        self.assertEqual('running', container.status)
        container.kill()
        self._await_removal(container)

    def _await_removal(self, container):
        try:
            container.wait(condition='removed')
        except docker.errors.NotFound:
            # It was gone before we asked.
            return
        self.assertRaises(docker.errors.NotFound, container.reload)

    def _await_line(self, container, line):
        deadline = time.monotonic() + 20
        while line not in container.logs():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)


class LogsTest(sdk.SdkTestCase):

    def test_tail_times_and_since(self):
        container = self.run_container(
            'sh', '-c', 'for i in 1 2 3 4; do echo $i; sleep 0.3; done')
        container.wait()
        self.assertEqual(b'1\n2\n3\n4\n', container.logs())
        self.assertEqual(b'3\n4\n', container.logs(tail=2))
        self.assertEqual(b'', container.logs(tail=0))
        stamped = container.logs(timestamps=True).splitlines()
        self.assertRegex(stamped[0].decode(),
                         r'^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z 1$')
        shown = self.docker.api.logs(
            container.id, since=time.time() + 5)
        self.assertEqual(b'', shown)

    def test_follow_until_the_end(self):
        container = self.run_container(
            'sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.2; done;'
            'echo last')
        began = time.monotonic()
        self.assertEqual(
            b'1\n2\n3\nlast\n',
            b''.join(container.logs(stream=True, follow=True)))
        self.assertLess(time.monotonic() - began, 10)

    def test_a_lot_of_output(self):
        container = self.run_container(
            'sh', '-c', 'seq 1 20000; printf "no newline at the end"')
        text = b''.join(container.logs(stream=True, follow=True))
        lines = text.split(b'\n')
        self.assertEqual([b'1', b'20000'], [lines[0], lines[19999]])
        self.assertEqual(b'no newline at the end', lines[-1])

    def test_long_lines_are_whole(self):
        container = self.run_container(
            'sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x; echo')
        container.wait()
        self.assertEqual(b'x' * 100000 + b'\n', container.logs())

    def test_terminal(self):
        container = self.run_container('sh', '-c', 'tty; echo done',
                                       tty=True)
        container.wait()
        self.assertIn(b'done\r\n', container.logs())

    def test_logs_of_one_that_never_ran(self):
        self.assertEqual(b'', self.create_container().logs())
