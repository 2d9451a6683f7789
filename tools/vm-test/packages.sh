# Part of run, systemd and tests: what apt has to bring, tools and kernels.

. "$root/tools/debian-suites.sh"

needed_packages=(debian-archive-keyring qemu-system-x86 seabios busybox-static kmod xz-utils clang gcc libc6-dev libbpf-dev libelf-dev zlib1g-dev bpftool)

# apt-get of another process may hold the lock
apt_get() {
    apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
}

# the lists have no lock that waits
apt_update() {
    local try
    for try in 1 2 3 4 5; do
        apt_get update >&2 && return
        sleep 5
    done
    die 'apt-get update fails'
}

install_tools() {
    local package missing=()
    for package in "${needed_packages[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || die "needs root to install: ${missing[*]}"
    echo "# installing ${missing[*]}"
    apt_update
    DEBIAN_FRONTEND=noninteractive apt_get install -y --no-install-recommends "${missing[@]}" >&2
}

# latest SERIES: of lines as suite_kernels prints them, the one of the newest revision that has its modules, else of the newest
latest() {
    awk -v series="$1" '
        series == "newest" ? $2 != "complete" : index($1, series) != 1 || substr($1, length(series) + 1, 1) !~ /[-.+]/ { next }
        $2 == "complete" || !complete { line = $0; complete = $2 == "complete" }
        END { print line }'
}

# kernels_here: likewise, without packages, what is unpacked already
kernels_here() {
    local release
    for release in $(cd "$cache" && compgen -G 'linux-image-*-cloud-amd64' | sed 's/^linux-image-//' | sort -V); do
        echo "$release $([ -d "$cache/linux-image-$release/lib/modules/$release/kernel" ] && echo complete || echo incomplete)"
    done
}

# unpack_kernel RELEASE PACKAGE...
unpack_kernel() {
    local release=$1 into=$cache/linux-image-$1.unpacked
    local modules=$into/lib/modules/$1
    shift
    unpack_packages "$into" "$@" || return
    mkdir -p "$into/boot" "$modules"
    [ -e "$into/boot/vmlinuz-$release" ] || ln "$modules/vmlinuz" "$into/boot/vmlinuz-$release"
    # the package's postinst would have run it
    touch "$modules"/modules.{order,builtin,builtin.modinfo}
    depmod -b "$into" "$release"
    mv "$into" "$cache/linux-image-$release"
}

# bpftool_version RELEASE: of the bpftool that comes with this kernel, else of the newest
bpftool_version() {
    local kernel
    kernel=$(suite_cache show "linux-image-$1" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1)
    suite_cache show -a bpftool 2>/dev/null | sed -n 's/^Version: //p' | sort -V | awk -v kernel="+$kernel" '
        { newest = $0; at = length("+" newest) - length(kernel) }
        at >= 0 && substr("+" newest, at + 1) == kernel { own = newest }
        END { print own ? own : newest }'
}

# fetch_bpftool: the kernel's own as a tree, kernel_root/bpftool: bin/bpftool, and the libraries that it is linked with where it looks for them
fetch_bpftool() {
    local version libraries all=$cache/bpftool into=$kernel_root/bpftool library
    [ ! -d "$into" ] || return 0
    version=$(bpftool_version "$kernel_release")
    [ -n "$version" ] || return
    mapfile -t libraries < <(suite_cache show "bpftool=$version" | sed -n 's/^Depends: //p' | sed 's/([^)]*)//g; s/[ ,]\+/\n/g' |
        xargs apt-cache "${suite_options[@]}" depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances | grep '^[a-z]' | sort -u)
    unpack_packages "$all" "bpftool=$version" "${libraries[@]}" || return
    mkdir -p "$into.new"/{bin,lib/x86_64-linux-gnu,lib64}
    cp "$all/usr/sbin/bpftool" "$into.new/bin/"
    cp -L "$all/lib64/ld-linux-x86-64.so.2" "$into.new/lib64/"
    for library in $("$all/lib64/ld-linux-x86-64.so.2" --list --library-path "$all/lib/x86_64-linux-gnu:$all/usr/lib/x86_64-linux-gnu" "$all/usr/sbin/bpftool" | sed -n 's/.* => \([^ ]*\) .*/\1/p'); do
        cp -L "$library" "$into.new/lib/x86_64-linux-gnu/"
    done
    mv "$into.new" "$into"
    rm -rf "$all"
}

# fetch_kernel SERIES: sets kernel_root, the unpacked packages, and kernel_release; its bpftool is there, too. What is here already needs no network.
fetch_kernel() {
    local kernel=() here
    exec 9>"$cache/lock"
    flock 9
    use_suites "$root/out/debian" amd64
    here=$(kernels_here | latest "$1")
    ! list_suites || read -r -a kernel < <(suite_kernels amd64 | latest "$1")
    kernel_release=${kernel[0]:-}
    if [ -z "$kernel_release" ] || ! { [ -d "$cache/linux-image-$kernel_release" ] || unpack_kernel "$kernel_release" "${kernel[@]:2}"; }; then
        # the archive may be out of reach, or no longer have what is here
        kernel_release=${here%% *}
        [ -n "$kernel_release" ] || die "Debian's cloud kernel $1 cannot be had"
    fi
    kernel_root=$cache/linux-image-$kernel_release
    fetch_bpftool || echo "# the bpftool of $kernel_release cannot be had: it is the machine's"
    [ -d "$kernel_root/lib/modules/$kernel_release/kernel" ] || echo "# Debian no longer has the modules of $kernel_release"
    flock -u 9
}

# debian_root NAME PACKAGES: the path of a small Debian with those, separated by commas; made once, and again when they are others. Needs debootstrap. Nothing may be
# changed in it.
debian_root() {
    local made=$cache/$1
    exec 9>"$cache/lock"
    flock 9
    if [ "$(cat "$made.packages" 2>/dev/null)" != "$2" ] || [ ! -d "$made" ]; then
        rm -rf "$made" "$made.new"
        debootstrap --variant=minbase --include="$2" "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$made.new" >"$cache/debootstrap.log" 2>&1 9>&- || {
            tail "$cache/debootstrap.log" >&2
            die 'debootstrap fails'
        }
        rm -rf "$made.new/var/cache/apt/archives"/*.deb
        mv "$made.new" "$made"
        echo "$2" >"$made.packages"
    fi
    flock -u 9
    echo "$made"
}
