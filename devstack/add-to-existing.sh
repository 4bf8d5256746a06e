#!/bin/bash

# **add-to-existing.sh**

# Adds novacontainer to a DevStack that has been stacked without it: does what
# stack.sh would have done on this host, and restarts the services that have
# to notice.  Run it as the user who ran stack.sh:
#
#     add-to-existing.sh [directory of DevStack, ~/devstack by default]
#
# local.conf has to enable the plugin, as unstack.sh and clean.sh read it too.
# The host must have no servers: nova-compute cannot change its driver under
# them.

# Not pipefail: DevStack is not written for it.
set -o errexit

function refuse {
    echo "add-to-existing.sh: $*" >&2
    exit 1
}

if [[ $EUID -eq 0 ]]; then
    refuse "run it as the user who ran stack.sh, not as root."
fi

TOP_DIR=${1:-$HOME/devstack}
if [[ ! -r $TOP_DIR/stackrc || ! -r $TOP_DIR/.stackenv ]]; then
    refuse "no DevStack has been stacked in $TOP_DIR; name its directory."
fi
TOP_DIR=$(cd "$TOP_DIR" && pwd)
FILES=$TOP_DIR/files

# Of stack.sh, to tell of its progress.
function echo_summary {
    echo "$@"
}

# The libraries in the order in which stack.sh reads them.
source "$TOP_DIR/functions"
source "$TOP_DIR/openrc" admin admin
source "$TOP_DIR/.stackenv"
GetDistro
source "$TOP_DIR/lib/database"
source "$TOP_DIR/lib/rpc_backend"

fetch_plugins
run_phase override_defaults

for name in apache tls infra libraries lvm keystone glance nova placement \
        cinder neutron os-vif; do
    source "$TOP_DIR/lib/$name"
done
run_phase source
if [[ -z "${NOVACONTAINER_DIR:-}" ]]; then
    refuse "local.conf does not enable the plugin: add the line" \
        "'enable_plugin novacontainer <repository> main' to its localrc."
fi

if is_service_enabled novacontainerd; then
    SERVERS=$(openstack --os-cloud devstack-admin server list --all-projects \
        --host "$(hostname)" -f value -c ID)
    if [[ -n "$SERVERS" ]]; then
        refuse "delete the servers of this host first: $(echo $SERVERS)."
    fi
fi

function phase {
    source "$NOVACONTAINER_DIR/devstack/plugin.sh" "$@"
}

phase stack pre-install
phase stack install
if is_service_enabled novacontainerd; then
    stop_process n-cpu
fi
phase stack post-config

# Glance reads its container formats, and nova-api its validators of extra
# specs, when they start.
for name in g-api n-api; do
    if is_service_enabled $name; then
        restart_service devstack@$name
    fi
done
if is_service_enabled novacontainerd; then
    start_nova_compute
    is_nova_ready
    if is_service_enabled n-api; then
        "$TOP_DIR/tools/discover_hosts.sh"
    fi
fi
if is_service_enabled g-api; then
    wait_for_service "$SERVICE_TIMEOUT" "$GLANCE_URL"
fi
phase stack extra
if is_service_enabled tempest; then
    phase stack test-config
fi

echo "novacontainer has been added."
