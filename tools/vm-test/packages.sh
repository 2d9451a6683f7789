# Part of run: what apt has to bring, tools and kernels.

needed_packages=(qemu-system-x86 seabios busybox-static kmod xz-utils clang gcc libc6-dev libbpf-dev libelf-dev zlib1g-dev bpftool)

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

# newest_kernel SERIES: the ABI package, not the meta-package, whose name has no revision after the series
newest_kernel() {
    apt-cache --names-only search "^linux-image-${1//./\\.}[.+][^ ]*-cloud-amd64\$" | cut -d' ' -f1 | sort -V | tail -n 1
}

cached_kernel() {
    find "$cache" -maxdepth 1 -name "linux-image-$1[.+]*-cloud-amd64" -printf '%f\n' | sort -V | tail -n 1
}

download_kernel() {
    local package=$1 into=$2
    # apt's own user cannot write into the cache
    (cd "$into" && apt_get -o APT::Sandbox::User=root download "$package" >&2)
}

# fetch_kernel SERIES: sets kernel_root, the unpacked package, and kernel_release
fetch_kernel() {
    local series=$1 package unpack
    exec 9>"$cache/lock"
    flock 9

    package=$(newest_kernel "$series")
    if [ -z "$package" ]; then
        apt_update
        package=$(newest_kernel "$series")
    fi
    # apt may have dropped a kernel that is already here
    [ -n "$package" ] || package=$(cached_kernel "$series")
    [ -n "$package" ] || die "apt offers no linux-image-$series cloud kernel"

    kernel_root=$cache/$package
    if [ ! -d "$kernel_root" ]; then
        unpack=$kernel_root.new
        rm -rf "$unpack"
        mkdir -p "$unpack"
        if ! download_kernel "$package" "$unpack"; then
            # lists older than the archive name files that are gone
            apt_update
            package=$(newest_kernel "$series")
            kernel_root=$cache/$package
            download_kernel "$package" "$unpack"
        fi
        dpkg -x "$unpack"/*.deb "$unpack"
        rm "$unpack"/*.deb
        kernel_release=$(basename "$unpack"/lib/modules/*)
        # the package's postinst would have run it
        depmod -b "$unpack" "$kernel_release"
        rm -rf "$kernel_root"
        mv "$unpack" "$kernel_root"
    fi
    kernel_release=$(basename "$kernel_root"/lib/modules/*)
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
