#!/bin/sh
# Installs the Debian packages that widen the tests. Where it may not, it says so and the tests skip loudly.
# The servers among them are neither started now nor at boot: mosquitto would take port 1883 from `yima broker run`.
# What is installed already is left as it is.
set -u
# The shell is Chromium without its own window: a page costs half the processor time. Where it is not known, Chromium.
packages="mosquitto chromium-headless-shell libzbar0 fonts-noto-cjk postgresql systemd"
servers="mosquitto postgresql"
policy="${POLICY_RC_D:-/usr/sbin/policy-rc.d}" # Debian asks this file whether a package may start its service
kept="$policy.before-yima"

has() {
    dpkg -s "$1" >/dev/null 2>&1
}

install() {
    $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

missing=""
for package in $packages; do
    has "$package" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
command -v apt-get >/dev/null 2>&1 || { echo "no apt-get here; the tests that need these will be skipped:$missing" >&2; exit 0; }
if [ "$(id -u)" = 0 ]; then as_root=""
elif sudo -n true 2>/dev/null; then as_root="sudo -n"
else echo "not root and no sudo; the tests that need these will be skipped:$missing" >&2; exit 0
fi

forbid_starts() {
    # If $kept is there, a run before this one was killed and $policy is ours already.
    [ -e "$kept" ] || [ ! -e "$policy" ] || $as_root mv "$policy" "$kept"
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
}

restore_policy() {
    if [ -e "$kept" ]; then $as_root mv -f "$kept" "$policy"; else $as_root rm -f "$policy"; fi
}

echo "installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
trap restore_policy EXIT
trap 'exit 130' INT TERM
forbid_starts
$as_root apt-get update -qq >/dev/null 2>&1
# Together is quicker; one by one, a package that is not known here keeps out none of the others.
install $missing || for package in $missing; do install "$package"; done
has chromium-headless-shell || has chromium || install chromium
without=""
for package in $missing; do
    has "$package" || { [ "$package" = chromium-headless-shell ] && has chromium; } || without="$without $package"
done
[ -z "$without" ] || echo "apt-get could not install:$without; the tests that need them will be skipped" >&2
for server in $servers; do
    case " $missing " in
    *" $server "*)
        has "$server" && $as_root update-rc.d "$server" disable >/dev/null 2>&1 \
            && echo "$server is installed for the tests only; it is not started, now or at boot"
        ;;
    esac
done
exit 0
