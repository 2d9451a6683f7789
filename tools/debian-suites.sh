# Sourced: packages of Debian's suites that the machine itself does not use. apt lists and downloads them with a configuration of its own; they are unpacked, never
# installed. apt's own settings (proxy, keys) and the place of the archive are the machine's.

suite_names=(bullseye bookworm trixie trixie-backports)
suite_keys=/usr/share/keyrings/debian-archive-keyring.gpg

# use_suites FOLDER ARCHITECTURE: what the functions below work with. FOLDER keeps the lists.
use_suites() {
    suites=$1/$2
    suite_options=(-qq -o "APT::Architecture=$2" -o "APT::Architectures=$2" -o "Dir::Etc::sourcelist=$suites/sources.list" -o Dir::Etc::sourceparts=-
        -o "Dir::State::lists=$suites/lists" -o "Dir::Cache=$suites/cache" -o Dir::Cache::pkgcache=packages.bin -o Dir::Cache::srcpkgcache=sources.bin
        -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)
    mkdir -p "$suites"/{lists,cache/archives}/partial
}

# the archive that the machine has its own packages of, in whichever format its sources are written
archive_of_machine() {
    local codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    # apt knows the codename and the origin once it has read a Release file, and always how the source names the suite
    apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(RELEASE) $(CODENAME) $(ORIGIN)' 'Created-By: Packages' | awk -v name="$codename" '
        $2 == "main" && ($3 == name || $4 == name) && !own { own = $1 }
        $2 == "main" && $5 == "Debian" && !any { any = $1 }
        END { if (own any == "") exit 1; print own ? own : any }'
}

write_suite_sources() {
    local archive name
    archive=$(archive_of_machine) || { echo "apt has no source of Debian's packages here" >&2; return 1; }
    for name in "${suite_names[@]}"; do
        echo "deb [target=Packages$([ ! -e "$suite_keys" ] || echo " signed-by=$suite_keys")] $archive $name main"
    done >"$suites/sources.list"
}

# A suite that the archive no longer has does not hide the others; a machine without a network has the lists of before.
update_suites() {
    write_suite_sources && apt-get "${suite_options[@]}" -o APT::Update::Error-Mode=any update >&2 && touch "$suites/updated"
}

# list_suites: false where there are no lists at all; they are not older than a day where the archive can be reached
list_suites() {
    (
        flock 8
        [ -n "$(find "$suites/updated" -mtime -1 2>/dev/null)" ] || update_suites || compgen -G "$suites/lists/*Packages*" >/dev/null
    ) 8>"$suites/lock"
}

# suite_cache ARGUMENT...: apt-cache over them
suite_cache() { apt-cache "${suite_options[@]}" "$@"; }

# unpack_packages FOLDER PACKAGE[=VERSION]...: downloads and unpacks them; FOLDER is there when all of it is
unpack_packages() (
    into=$1
    shift
    flock 8
    rm -rf "$into.new"
    mkdir -p "$into.new/packages"
    cd "$into.new/packages" || exit
    # lists older than the archive name files that are gone
    apt-get "${suite_options[@]}" download "$@" >&2 || { update_suites && apt-get "${suite_options[@]}" download "$@" >&2; } || exit
    for package in ./*.deb; do
        dpkg -x "$package" "$into.new" || exit
    done
    rm -r "$into.new/packages"
    # newer packages count on /lib being a link to it
    for folder in lib lib64; do
        [ -e "$into.new/$folder" ] || [ ! -d "$into.new/usr/$folder" ] || ln -s "usr/$folder" "$into.new/$folder"
    done
    rm -rf "$into"
    mv "$into.new" "$into"
) 8>"$suites/lock"

# suite_kernels ARCHITECTURE: a line for each revision of a cloud kernel, oldest first: its release, whether its modules are there, the packages it is in:
#   6.12.117+deb13-cloud-amd64 complete linux-image-6.12.117+deb13-cloud-amd64
#   7.1.13+deb13-cloud-amd64 incomplete linux-image-7.1.13+deb13-cloud-amd64 linux-binary-7.1.13+deb13-cloud-amd64
# Up to 6.18 the image package has everything. Later ones only depend on a package for each part, and of old revisions the archive keeps only the kernel itself.
suite_kernels() {
    local images
    mapfile -t images < <(suite_cache search --names-only "^linux-image-[0-9].*-cloud-$1\$" | cut -d' ' -f1 | sort -V)
    [ ${#images[@]} -gt 0 ] || return 1
    suite_cache depends "${images[@]}" | awk '
        function put() { if (release) print release, lacks ? "incomplete" : "complete", parts }
        /^linux-image-/ { put(); parts = $1; release = substr($1, length("linux-image-") + 1); lacks = 0 }
        $1 != "Depends:" { next }
        $2 ~ /^<linux-(binary|modules)-/ { lacks = 1 }
        $2 ~ /^linux-(base|binary|modules)-[0-9]/ { parts = parts " " $2 }
        END { put() }'
}
