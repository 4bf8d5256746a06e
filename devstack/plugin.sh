#!/bin/bash
# DevStack plugin: the daemon novacontainerd and Nova's driver for it.
# Called by stack.sh, unstack.sh and clean.sh with the phase as arguments.

function install_novacontainer {
    install_package conmon crun runc openvswitch-switch busybox-static
    # Not editable: the wheel carries the .pth through which Nova finds us.
    setup_install "$NOVACONTAINER_DIR"
    sudo groupadd --system --force "$NOVACONTAINER_GROUP"
    sudo usermod --append --groups "$NOVACONTAINER_GROUP" "$STACK_USER"
}

function configure_novacontainer {
    sudo install -d -m 755 "$NOVACONTAINER_CONF_DIR"
    local conf="$NOVACONTAINER_CONF_DIR/novacontainerd.conf"
    sudo touch "$conf"
    sudo chown "$STACK_USER" "$conf"
    iniset "$conf" DEFAULT data-root "$NOVACONTAINER_DATA_ROOT"
    iniset "$conf" DEFAULT socket "$NOVACONTAINER_SOCKET"
    iniset "$conf" DEFAULT socket-group "$NOVACONTAINER_GROUP"

    # nova-cpu.conf is copied from this file later.
    iniset "$NOVA_CONF" DEFAULT compute_driver novacontainer.ContainerDriver
    sudo install -m 644 -t /etc/nova/rootwrap.d \
        "$NOVACONTAINER_DIR"/etc/nova/rootwrap.d/*.filters
}

function start_novacontainer {
    run_process novacontainerd \
        "$NOVACONTAINER_BIN_DIR/novacontainerd --config-file $NOVACONTAINER_CONF_DIR/novacontainerd.conf" \
        "$NOVACONTAINER_GROUP" root
}

function clean_novacontainer {
    sudo rm -rf "$NOVACONTAINER_DATA_ROOT" "$NOVACONTAINER_CONF_DIR"
    sudo rm -f /etc/nova/rootwrap.d/novacontainer.filters
}

NOVACONTAINER_BIN_DIR=$(get_python_exec_prefix)

if is_service_enabled novacontainerd; then
    case "$1 ${2:-}" in
        'stack install')
            install_novacontainer
            ;;
        'stack post-config')
            # nova-compute starts after this phase and needs the daemon.
            configure_novacontainer
            start_novacontainer
            ;;
        'unstack '*)
            stop_process novacontainerd
            ;;
        'clean '*)
            clean_novacontainer
            ;;
    esac
fi
