#!/bin/bash
# DevStack plugin: the daemon novacontainerd and Nova's driver for it.
# Sourced by stack.sh, unstack.sh and clean.sh with mode and phase as
# arguments; may be sourced any number of times for each.

_XTRACE_NOVACONTAINER=$(set +o | grep xtrace)
set +o xtrace

source "$NOVACONTAINER_DIR/devstack/lib/novacontainer"

case "$1 ${2:-}" in
    'stack pre-install')
        echo_summary "Installing packages for novacontainer"
        install_novacontainer_packages
        ;;
    'stack install')
        echo_summary "Installing novacontainer"
        install_novacontainer
        ;;
    'stack post-config')
        # nova-compute starts after this phase, and needs the daemon.
        echo_summary "Configuring and starting novacontainer"
        configure_novacontainer
        start_novacontainer
        ;;
    'stack extra')
        echo_summary "Uploading novacontainer's images"
        upload_novacontainer_images
        ;;
    'stack test-config')
        configure_novacontainer_tempest
        ;;
    'unstack '*)
        stop_novacontainer
        ;;
    'clean '*)
        cleanup_novacontainer
        ;;
esac

$_XTRACE_NOVACONTAINER
