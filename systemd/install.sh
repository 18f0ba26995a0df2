#!/bin/sh
# 一码离线安装 / Installs Yima from this bundle, without a network. See docs/install.md.
#
#   sh install.sh               安装或升级 / install, or upgrade: the release before is kept
#   sh install.sh --roll-back   换回上一个版本 / go back to the release before
#   sh install.sh --uninstall   卸载，保留配置与数据 / remove the program; configuration and data stay
#
# --root DIR installs below DIR and touches nothing that runs; PYTHON names the interpreter, if not python3.11.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=""
task=install
while [ $# -gt 0 ]; do
    case $1 in
    --root) [ $# -ge 2 ] || { echo "--root DIR" >&2; exit 2; }; mkdir -p "$2"; root=$(CDPATH='' cd -- "$2" && pwd); shift 2 ;;
    --roll-back) task=roll_back; shift ;;
    --uninstall) task=uninstall; shift ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done

home="$root/opt/yima"
etc="$root/etc/yima"
lib="$root/usr/local/lib"
command="$root/usr/local/bin/yima"

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n%s\n' "$1" "$2" >&2; exit 2; }
is_live() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

check_place() {
    [ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "请用 root 运行。" "Run this as root."
    [ "$(uname -s)" = Linux ] || fail "只支持 Linux。" "This needs Linux."
}

check_bundle() {
    say "核对文件 / checking the files of the bundle"
    (cd "$here" && sha256sum --check --quiet --strict SHA256SUMS) ||
        fail "安装包已损坏或不完整，请重新复制。" "The bundle is damaged or not complete: copy it again."
}

find_python() {
    python=$(command -v "${PYTHON:-python3.11}") ||
        fail "缺少 Python 3.11（Debian 12：apt-get install python3）。" "Python 3.11 is missing (Debian 12: apt-get install python3)."
    "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
        fail "$python 不是 Python 3.11。" "$python is not Python 3.11."
    [ -z "$root" ] || return 0
    # The services see no home folders, so an interpreter that lives in one would not start.
    case $("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))') in
    /root/* | /home/* | /run/user/*) fail "$python 位于用户目录，服务无法使用。" "$python lives in a home folder, which the services cannot see." ;;
    esac
}

make_release() {
    release="$home/releases/$(cat "$here/VERSION")-$(sha256sum "$here/SHA256SUMS" | cut -c1-8)"
    [ -e "$release/.complete" ] && { say "已有此版本 / this release is there already: $release"; return 0; }
    say "安装到 / installing into $release"
    rm -rf "$release"
    mkdir -p "$home/releases"
    chmod 755 "$home" "$home/releases"
    work=$(mktemp -d "$home/.install.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    "$python" -m zipfile -e "$here"/installer/uv-*.whl "$work"
    uv=$(echo "$work"/uv-*.data/scripts/uv)
    chmod 755 "$uv"
    "$python" -m venv --without-pip "$release"
    "$uv" pip install --quiet --no-config --offline --no-index --no-cache --find-links "$here/wheels" --require-hashes \
        --no-deps --compile-bytecode --link-mode copy --python "$release/bin/python" -r "$here/requirements.txt"
    "$uv" pip check --quiet --no-config --offline --no-cache --python "$release/bin/python"
    mkdir -p "$release/share/yima"
    cp -R "$here/docs" "$here/config" "$here/install.sh" "$release/share/yima/"
    [ ! -d "$here/models" ] || cp -R "$here/models" "$release/share/yima/"
    "$release/bin/yima" --version
    : > "$release/.complete"
}

point() { # point NAME at a release, in one step
    ln -s "$2" "$home/.$1.new"
    mv -T "$home/.$1.new" "$home/$1"
}

switch() {
    before=$(readlink "$home/current" 2>/dev/null || true)
    [ "$before" = "$release" ] && return 0
    [ -z "$before" ] || point previous "$before"
    point current "$release"
    # Only the release in use and the one before are kept.
    for old in "$home"/releases/*; do
        [ "$old" = "$release" ] || [ "$old" = "$before" ] || rm -rf "$old"
    done
}

lay_in() { # lay_in FILE FOLDER NAME
    mkdir -p "$2"
    cp "$1" "$2/$3"
    chmod 644 "$2/$3"
}

install_services() {
    for unit in "$here"/systemd/*.service; do
        lay_in "$unit" "$lib/systemd/system" "$(basename "$unit")"
    done
    lay_in "$here/systemd/yima.sysusers" "$lib/sysusers.d" yima.conf
    lay_in "$here/systemd/yima.tmpfiles" "$lib/tmpfiles.d" yima.conf
    lay_in "$here/systemd/yima.modules-load" "$lib/modules-load.d" yima.conf
    lay_in "$here/systemd/70-yima.rules" "$lib/udev/rules.d" 70-yima.rules
    mkdir -p "$(dirname "$command")"
    ln -sfn /opt/yima/current/bin/yima "$command"
    # What an administrator has written is never replaced.
    for example in "$here"/etc/*.toml; do
        [ -e "$etc/$(basename "$example")" ] || lay_in "$example" "$etc" "$(basename "$example")"
    done
}

make_accounts() {
    if [ "$(id -u)" != 0 ] || ! command -v systemd-sysusers >/dev/null; then
        say "未建账户 / no accounts were made: systemd-sysusers, root" >&2
        return 0
    fi
    systemd-sysusers ${root:+--root="$root"} "$lib/sysusers.d/yima.conf"
    systemd-tmpfiles ${root:+--root="$root"} --create "$lib/tmpfiles.d/yima.conf"
}

tell_system() {
    is_live || return 0
    systemctl daemon-reload
    systemctl restart systemd-modules-load.service || say "部分驱动未加载 / not every driver was loaded" >&2
    udevadm control --reload &&
        udevadm trigger --subsystem-match=tty --subsystem-match=hidraw --subsystem-match=input --subsystem-match=video4linux ||
        say "设备规则重启后生效 / the rules for devices take effect after a reboot" >&2
}

next_steps() {
    say ""
    if [ -n "$before" ] && [ "$before" != "$release" ]; then
        say "已升级，营业间隙重启服务生效 / upgraded; takes effect when you restart, between two sales:"
        say "    systemctl restart $(cd "$here/systemd" && echo *.service)"
        say "换回 / to go back:  sh $release/share/yima/install.sh --roll-back"
        return 0
    fi
    say "下一步 / next:"
    if [ -e "$here/systemd/yima-edge.service" ]; then
        say "    1. 编辑 / edit $etc/edge.toml   ([terminal] id, area, institution; scanners)"
        say "    2. systemctl enable --now yima-edge"
        say "    3. runuser -u yima-edge -- yima edge operator password yaoshi --config /etc/yima/edge.toml"
    fi
    if [ -e "$here/systemd/yima-centre.service" ]; then
        say "    1. 编辑 / edit $etc/server.toml"
        say "    2. systemctl enable --now yima-broker yima-centre   (多机用 mosquitto / beyond one machine: mosquitto)"
        say "    3. runuser -u yima-centre -- yima server user password admin --config /etc/yima/server.toml"
    fi
    say "说明 / manuals: /opt/yima/current/share/yima/docs/   样例 / examples: /opt/yima/current/share/yima/config/"
}

install() {
    check_place
    check_bundle
    find_python
    make_release
    install_services
    make_accounts
    switch
    tell_system
    next_steps
}

roll_back() {
    check_place
    release=$(readlink "$home/previous" 2>/dev/null) && [ -e "$release/.complete" ] ||
        fail "没有可换回的版本。" "There is no release to go back to."
    point previous "$(readlink "$home/current")"
    point current "$release"
    say "现用 / in use: $release"
    say "重启服务生效 / takes effect when you restart the services"
}

uninstall() {
    check_place
    for unit in yima-edge yima-centre yima-broker; do
        [ -e "$lib/systemd/system/$unit.service" ] || continue
        ! is_live || systemctl disable --now "$unit.service"
        rm -f "$lib/systemd/system/$unit.service"
    done
    rm -f "$lib/sysusers.d/yima.conf" "$lib/tmpfiles.d/yima.conf" "$lib/modules-load.d/yima.conf" \
        "$lib/udev/rules.d/70-yima.rules" "$command"
    rm -rf "$home"
    ! is_live || systemctl daemon-reload
    say "程序已卸载；保留 / the program is gone; these stay: $etc  $root/var/lib/yima-edge  $root/var/lib/yima-centre"
    say "其中可能有尚未上传的记录 / they may hold records that were never sent"
}

$task
