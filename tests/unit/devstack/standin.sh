# What the plugin calls of DevStack's function library, in few words, for
# machines that have no DevStack.  Sourced by a test's script; a test that has
# DevStack's own library holds the names here against it.

function die {
    shift
    echo "$*" >&2
    exit 1
}

function warn {
    shift
    echo "$*" >&2
}

function define_plugin {
    :
}

function is_ubuntu {
    true
}

function get_python_exec_prefix {
    echo "$DEVSTACK_VENV/bin"
}

function merge_config_file {
    :
}

function trueorfalse {
    local value=${!2:-$1}
    echo "${value^}"
}

function is_service_enabled {
    local service
    for service in "$@"; do
        [[ ,$ENABLED_SERVICES, != *,$service,* ]] || return 0
    done
    return 1
}

function enable_service {
    is_service_enabled "$1" || ENABLED_SERVICES+=",$1"
}

function async_wait {
    echo "async_wait $*" >>"$CALLS"
}

function _parse_package_files {
    sed -e 's/#.*//' -e '/^ *$/d' "$@"
}

function install_package {
    sudo apt-get install "$@"
}

function pip_install {
    "$DEVSTACK_VENV/bin/pip" install "$@"
}

# iniset FILE SECTION OPTION VALUE; iniget FILE SECTION OPTION
function iniset {
    touch "$1"
    sed -i "/^\[$2\]/,/^\[/ { /^$3 *=/d }" "$1"
    grep -q "^\[$2\]" "$1" || echo "[$2]" >>"$1"
    sed -i "/^\[$2\]/a $3 = $4" "$1"
}

function iniget {
    [[ ! -e $1 ]] || sed -n "/^\[$2\]/,/^\[/ s/^$3 *= *//p" "$1"
}

# run_process SERVICE COMMAND GROUP USER; stop_process SERVICE
function run_process {
    if is_service_enabled "$1"; then
        iniset "$SYSTEMD_DIR/devstack@$1.service" Service ExecStart "$2"
        iniset "$SYSTEMD_DIR/devstack@$1.service" Service User "$4"
        $SYSTEMCTL enable "devstack@$1.service"
        $SYSTEMCTL start "devstack@$1.service"
    fi
}

function stop_process {
    if is_service_enabled "$1" \
            && $SYSTEMCTL is-enabled "devstack@$1.service"; then
        $SYSTEMCTL stop "devstack@$1.service"
        $SYSTEMCTL disable "devstack@$1.service"
    fi
}
