"""Options of the driver, in nova.conf's ``[novacontainer]``.

Called by the driver's modules, which read ``CONF.novacontainer``, and by the
option reference.  The options of its networking stand in ``networkconf``,
those of its volumes in ``volumeconf``.
"""

import nova.conf
from oslo_config import cfg

from novacontainer.virt import networkconf
from novacontainer.virt import volumeconf

CONF = nova.conf.CONF

GROUP = 'novacontainer'

OPTS = [
    cfg.StrOpt(
        'socket_path',
        default='/run/novacontainer/novacontainerd.sock',
        help="""
Unix socket of the container runtime, novacontainerd.

The user that nova-compute runs as must be in the socket's group.
"""),
    cfg.IntOpt(
        'api_timeout',
        default=60,
        min=1,
        help="""
Seconds of silence after which a call to the runtime is given up.

A stop is waited for so much longer as the container is given to end.
"""),
    cfg.IntOpt(
        'image_timeout',
        default=600,
        min=1,
        help="""
Seconds of silence after which the transfer of an image is given up.

It applies to loading an image, to the commit of a snapshot and to its upload.
The whole transfer may take longer.
"""),
    cfg.ListOpt(
        'shared_image_directories',
        default=[],
        help="""
Directories of Glance's file system store that this host has too, as by NFS.

An image whose file is in one of them is imported by the container runtime
from there, instead of being streamed through Glance and nova-compute; its
checksum is verified all the same. Each is ``DIRECTORY``, or
``DIRECTORY_OF_GLANCE:DIRECTORY_HERE`` where it is mounted elsewhere. Empty:
none.

Glance has to tell where images are (``show_multiple_locations`` or
``show_image_direct_url``), and the runtime has to allow the directory here
(``[images] import_directories`` in novacontainerd.conf). Whatever cannot be
imported is streamed. Where image signatures are verified everything is.
"""),
    cfg.FloatOpt(
        'start_grace',
        default=0.25,
        min=0,
        help="""
Seconds for which a new container's command has to keep running.

When it ends sooner, the build of the instance fails with the exit code and
the last lines of output in the instance's fault, instead of an instance that
is ACTIVE for a moment. Building an instance takes so much longer; 0 turns the
check off.
"""),
    cfg.IntOpt(
        'reboot_timeout',
        default=10,
        min=0,
        help="""
Seconds that a soft reboot gives the command to end by itself.

It is sent the image's stop signal, SIGTERM by default, and killed after that
time.
"""),
    cfg.IntOpt(
        'lost_request_timeout',
        default=600,
        min=0,
        help="""
Seconds after its start that nova-compute waits for what it was asked before.

Requests that were made while nova-compute was away wait in the message queue.
An instance whose request has not come after that time loses its task, as the
request is lost: it can be asked for again. 0: it keeps its task.
"""),
    cfg.IntOpt(
        'pids_limit',
        default=4096,
        min=0,
        help="""
How many processes and threads a container may have; 0 means no limit.

The flavor extra spec ``novacontainer:pids`` takes precedence.
"""),
    cfg.BoolOpt(
        'inject_password',
        default=True,
        help="""
Whether a new instance gets the admin password that Nova answers with.

It is put into ``/etc/shadow`` of the instance, where its image has one, for
root or for the user that the image property ``os_admin_user`` names.
"""),
    cfg.BoolOpt(
        'inject_key',
        default=True,
        help="""
Whether a new instance gets the public key that it is created with.

It is put into ``.ssh/authorized_keys`` of the user that the command runs as.
"""),
    cfg.BoolOpt(
        'limit_root_disk',
        default=True,
        help="""
Whether an instance may write no more to its root disk than its flavor has.

The limit is the flavor's ``root_gb``; 0 is none. The sizes of ephemeral disks
are limited, or not, likewise. It needs loop devices and
``mkfs.ext4`` on the host. Without the limit an instance can fill the file
system that all instances of the host share.
"""),
]

CONF.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """What the sample configuration and the option reference show."""
    return [(GROUP, [*OPTS, *networkconf.OPTS, *volumeconf.OPTS])]
