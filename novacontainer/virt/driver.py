"""The driver that nova-compute loads: capabilities and delegation.

Called by ``nova.compute.manager``; calls the ``*ops`` modules, one noun
each.  Arguments and meaning of every method are those of
``nova.virt.driver.ComputeDriver``; what Nova does well without a driver's
help (rebuild, soft delete, restore) is left to it.
"""

from nova import context as nova_context
from nova import exception
from nova.objects import instance as instance_objects
from nova.virt import driver

from novacontainer import client as runtime
from novacontainer.virt import attachments
from novacontainer.virt import conf
from novacontainer.virt import connections
from novacontainer.virt import consoleops
from novacontainer.virt import containerops
from novacontainer.virt import devicenames
from novacontainer.virt import diagnosticsops
from novacontainer.virt import errors
from novacontainer.virt import guestops
from novacontainer.virt import hostops
from novacontainer.virt import imagecacheops
from novacontainer.virt import imageops
from novacontainer.virt import interfaceops
from novacontainer.virt import interruptions
from novacontainer.virt import leftovers
from novacontainer.virt import lifecycle
from novacontainer.virt import migrationops
from novacontainer.virt import networkops
from novacontainer.virt import ports
from novacontainer.virt import powerops
from novacontainer.virt import requestid
from novacontainer.virt import rescueops
from novacontainer.virt import serialops
from novacontainer.virt import snapshotops
from novacontainer.virt import volumeops

CONF = conf.CONF


class ContainerDriver(driver.ComputeDriver):
    """Instances are containers of the runtime on the same host."""

    capabilities = {
        **driver.ComputeDriver.capabilities,
        # Images come as container format docker, disk format raw.
        'supports_image_type_raw': True,
        'supports_attach_interface': True,
        'supports_device_tagging': True,
        'supports_tagged_attach_interface': True,
        'supports_tagged_attach_volume': True,
        'supports_trusted_certs': True,
        'has_imagecache': True,
        'supports_evacuate': True,
        'supports_extend_volume': True,
        'supports_migrate_to_same_host': True,
        'supports_multiattach': True,
    }

    def __init__(self, virtapi):
        super().__init__(virtapi)
        self._host = CONF.host
        options = CONF.novacontainer
        client = runtime.Client(
            options.socket_path, options.api_timeout, requestid.current)
        self._client = client
        left = leftovers.Leftovers()
        self._hosts = hostops.HostOps(client)
        self._networks = networkops.NetworkOps(virtapi)
        self._consoles = consoleops.ConsoleOps(client)
        self._serials = serialops.SerialOps(client)
        self._snapshots = snapshotops.SnapshotOps(client, left)
        self._guests = guestops.GuestOps(client)
        self._images = imageops.ImageOps(client)
        self._image_cache = imagecacheops.ImageCacheOps(client)
        self._diagnostics = diagnosticsops.DiagnosticsOps(client)
        self._volumes = volumeops.VolumeOps(
            client, connections.Connections())
        self._containers = containerops.ContainerOps(
            client, self._images, self._networks,
            self._consoles, self._guests, self._volumes, left)
        self._power = powerops.PowerOps(
            client, self._containers, self._networks, self._volumes)
        self._interfaces = interfaceops.InterfaceOps(
            self._containers, self._networks)
        self._rescues = rescueops.RescueOps(
            client, self._containers, self._power, self._images,
            self._guests)
        self._migrations = migrationops.MigrationOps(
            client, self._power, self._volumes)
        self._interruptions = interruptions.Interruptions(
            virtapi, self._containers, self._power,
            attachments.Attachments(self._volumes), ports.Ports())
        self._lifecycle = lifecycle.Lifecycle(
            client, self.emit_event, left.remove_all)

    # The host

    def init_host(self, host):
        """Refuse to start without the runtime, then follow its events."""
        self._host = host
        self._hosts.init_host(host)
        with errors.host_translated():
            self._snapshots.discard_leftovers()
            self._lifecycle.start()
        self._networks.start_helpers()
        if not hasattr(driver.ComputeDriver, 'process_instances_at_startup'):
            # Nova before 2026.2 does not ask.
            self._interruptions.settle_host(host)

    def process_instances_at_startup(self, context, instances):
        """Settle what nova-compute died over."""
        return instance_objects.InstanceList(
            context, objects=self._interruptions.settle(
                context, self._host, instances))

    def cleanup_host(self, host):
        """Stop following the runtime's events, and hang up consoles."""
        self._interruptions.stop()
        self._serials.close_all()
        self._lifecycle.stop()

    def get_available_nodes(self, refresh=False):
        """The one node that this host is."""
        return self._hosts.get_available_nodes()

    def get_available_resource(self, nodename):
        """What the host has."""
        return self._hosts.get_available_resource()

    def update_provider_tree(self, provider_tree, nodename,
                             allocations=None):
        """What the host has, for Placement."""
        inventory = provider_tree.data(nodename).inventory
        self._hosts.update_provider_tree(
            provider_tree, nodename, self._get_allocation_ratios(inventory),
            self._get_reserved_host_disk_gb_from_config())

    def get_host_ip_addr(self):
        """Address of this host."""
        return self._hosts.get_host_ip_addr()

    def get_host_uptime(self):
        """What uptime(1) prints."""
        return self._hosts.get_host_uptime()

    def get_host_cpu_stats(self):
        """Processor time of the host."""
        return self._diagnostics.get_host_cpu_stats()

    def cache_image(self, context, image_id):
        """Load an image before an instance needs it."""
        return self._images.cache(context, image_id)

    def manage_image_cache(self, context, all_instances):
        """Drop images that no instance has needed for long."""
        self._image_cache.manage(all_instances)

    # Instances

    def list_instances(self):
        """Names of the instances on this host."""
        return self._containers.list_instances()

    def list_instance_uuids(self):
        """Uuids of the instances on this host."""
        return self._containers.list_instance_uuids()

    def instance_exists(self, instance):
        """Whether the instance is on this host."""
        return self._containers.instance_exists(instance)

    def get_info(self, instance, use_cache=True):
        """Power state of an instance."""
        return self._containers.get_info(instance)

    def spawn(self, context, instance, image_meta, injected_files,
              admin_password, allocations, network_info=None,
              block_device_info=None, power_on=True, accel_info=None):
        """Build an instance."""
        self._containers.spawn(
            context, instance, image_meta, network_info or [],
            block_device_info, power_on, injected_files or (),
            admin_password)

    def destroy(self, context, instance, network_info,
                block_device_info=None, destroy_disks=True,
                destroy_secrets=True):
        """Remove an instance."""
        with self._serials.ending(instance):
            self._containers.destroy(
                context, instance, network_info or [], block_device_info,
                destroy_disks)

    def cleanup(self, context, instance, network_info,
                block_device_info=None, destroy_disks=True,
                migrate_data=None, destroy_vifs=True, destroy_secrets=True):
        """Remove what is left of an instance."""
        with self._serials.ending(instance):
            self._containers.destroy(
                context, instance, network_info or [], block_device_info,
                destroy_disks, destroy_vifs)

    def reboot(self, context, instance, network_info, reboot_type,
               block_device_info=None, bad_volumes_callback=None,
               accel_info=None, share_info=None):
        """Stop and start an instance."""
        self._power.reboot(
            context, instance, network_info or [], reboot_type,
            block_device_info)

    def power_off(self, instance, timeout=0, retry_interval=0):
        """Stop an instance; asking it more than once is of no use here."""
        self._power.power_off(instance, timeout)

    def power_on(self, context, instance, network_info,
                 block_device_info=None, accel_info=None, share_info=None):
        """Start an instance."""
        self._power.power_on(
            context, instance, network_info or [], block_device_info)

    def resume_state_on_host_boot(self, context, instance, network_info,
                                  share_info=None, block_device_info=None):
        """Start an instance that ran before the host's reboot."""
        self._power.resume_state_on_host_boot(
            context, instance, network_info or [], block_device_info)

    def pause(self, instance):
        """Freeze an instance."""
        self._power.pause(instance)

    def unpause(self, instance):
        """Thaw an instance."""
        self._power.unpause(instance)

    def suspend(self, context, instance):
        """Freeze an instance and give its memory back."""
        self._power.suspend(instance)

    def resume(self, context, instance, network_info, block_device_info=None,
               share_info=None):
        """Let a suspended instance go on."""
        self._power.resume(
            context, instance, network_info or [], block_device_info)

    def rescue(self, context, instance, network_info, image_meta,
               rescue_password, block_device_info, share_info):
        """Run another container that sees the root of the instance."""
        self._rescues.rescue(
            context, instance, network_info or [], image_meta,
            rescue_password, block_device_info)

    def unrescue(self, context, instance):
        """Run the instance itself again."""
        self._rescues.unrescue(context, instance)

    def get_console_output(self, context, instance):
        """The end of what the instance has written."""
        return self._consoles.get_console_output(instance)

    def get_serial_console(self, context, instance):
        """Where a client can type to the instance."""
        return self._serials.get_serial_console(instance)

    def snapshot(self, context, instance, image_id, update_task_state):
        """Make an image of an instance."""
        self._snapshots.snapshot(
            context, instance, image_id, update_task_state)

    # Inside an instance

    def get_diagnostics(self, instance):
        """What the instance has consumed."""
        return self._diagnostics.get_diagnostics(instance)

    def set_admin_password(self, instance, new_pass):
        """Change the password of the instance's administrator."""
        self._guests.set_admin_password(instance, new_pass)

    # The network

    def plug_vifs(self, instance, network_info):
        """Repair the network of an instance."""
        self._power.plug_vifs(
            nova_context.get_admin_context(), instance, network_info or [])

    def unplug_vifs(self, instance, network_info):
        """Take the network from an instance."""
        self._networks.unplug(instance, network_info or [])

    def attach_interface(self, context, instance, image_meta, vif):
        """Give an instance one more interface."""
        self._interfaces.attach(context, instance, vif)

    def detach_interface(self, context, instance, vif):
        """Take an interface from an instance."""
        self._interfaces.detach(instance, vif)

    def inject_network_info(self, instance, nw_info):
        """Set the addresses of an instance anew."""
        self._interfaces.readdress(instance, nw_info or [])

    # Volumes

    def get_volume_connector(self, instance):
        """What Cinder has to know of this host."""
        return self._volumes.get_connector()

    def default_root_device_name(self, instance, image_meta, root_bdm):
        """Name of the root disk, where nobody gave one."""
        return devicenames.ROOT

    def get_device_name_for_instance(self, instance, bdms, block_device_obj):
        """Name for one more block device."""
        return devicenames.choose(
            [bdm.device_name for bdm in bdms], block_device_obj.device_name,
            CONF.compute.max_disk_devices_to_attach)

    def attach_volume(self, context, connection_info, instance, mountpoint,
                      disk_bus=None, device_type=None, encryption=None):
        """Give an instance a volume."""
        self._volumes.attach(
            context, connection_info, instance, mountpoint, encryption)

    def detach_volume(self, context, connection_info, instance, mountpoint,
                      encryption=None):
        """Take a volume from an instance."""
        self._volumes.detach(
            context, connection_info, instance, mountpoint, encryption)

    def extend_volume(self, context, connection_info, instance,
                      requested_size):
        """Let an instance see that a volume has become larger."""
        self._volumes.extend(
            context, connection_info, instance, requested_size)

    # Moves

    def migrate_disk_and_power_off(self, context, instance, dest, flavor,
                                   network_info, block_device_info=None,
                                   timeout=0, retry_interval=0):
        """Stop an instance that is to be resized."""
        return self._migrations.migrate_disk_and_power_off(
            context, instance, dest, flavor, network_info or [], timeout,
            block_device_info)

    def finish_migration(self, context, migration, instance, disk_info,
                         network_info, image_meta, resize_instance,
                         allocations, block_device_info=None, power_on=True,
                         share_info=None):
        """Start a resized instance."""
        self._migrations.finish_migration(
            context, instance, network_info or [], power_on,
            block_device_info)

    def confirm_migration(self, context, migration, instance, network_info):
        """Nothing is left to do, as the container stayed the same."""

    def finish_revert_migration(self, context, instance, network_info,
                                migration, block_device_info=None,
                                power_on=True, share_info=None):
        """Start an instance with what it had before."""
        self._migrations.finish_revert_migration(
            context, instance, network_info or [], power_on,
            block_device_info)

    def check_can_live_migrate_destination(self, context, instance,
                                           src_compute_info, dst_compute_info,
                                           block_migration=False,
                                           disk_over_commit=False):
        """Say no in the way that leaves the instance running as it is."""
        raise exception.MigrationPreCheckError(
            reason='Containers cannot be migrated live.')

    def check_instance_shared_storage_local(self, context, instance):
        """What a host with the same storage recognises."""
        return self._hosts.shared_storage_local(instance)

    def check_instance_shared_storage_remote(self, context, data):
        """Whether this host has the storage of the one that asks."""
        return self._hosts.shared_storage_remote(data)

    def check_instance_shared_storage_cleanup(self, context, data):
        """The question has left nothing behind."""
