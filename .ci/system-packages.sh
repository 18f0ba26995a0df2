#!/bin/sh
# Installs the Debian packages that widen the tests. Where it may not, it says so and the tests skip loudly.
set -u
packages="mosquitto chromium libzbar0 fonts-noto-cjk postgresql"
missing=""
for package in $packages; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
command -v apt-get >/dev/null 2>&1 || { echo "no apt-get here; the tests that need these will be skipped:$missing" >&2; exit 0; }
if [ "$(id -u)" = 0 ]; then as_root=""
elif sudo -n true 2>/dev/null; then as_root="sudo -n"
else echo "not root and no sudo; the tests that need these will be skipped:$missing" >&2; exit 0
fi
echo "installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq >/dev/null 2>&1
# policy-rc.d would be cleaner, but the servers that Debian starts by itself do no harm: the tests use ports of their own.
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 \
    || echo "apt-get could not install all of:$missing; the tests that need them will be skipped" >&2
exit 0
