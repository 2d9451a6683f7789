# Part of run, systemd and tests: the guest's first file system.

# loaded by cases with modprobe; a name that is built in has no file and needs none
guest_modules=(fuse veth dummy netkit sch_ingress cls_bpf)

# module_files NAME: the module's file and those it depends on, as modules.dep lists them
module_files() {
    awk -v name="$1" -F ': *' '{ file = $1; sub(/.*\//, "", file); sub(/\.ko.*/, "", file); gsub(/-/, "_", file) }
        file == name { print $1; n = split($2, deps, " "); for (i = 1; i <= n; i++) print deps[i] }' "$2/modules.dep"
}

copy_modules() {
    local from=$kernel_root/lib/modules/$kernel_release into=$1/lib/modules/$kernel_release name file
    mkdir -p "$into"
    cp "$from"/modules.builtin* "$from/modules.order" "$into/"
    for name in "${guest_modules[@]}"; do
        for file in $(module_files "$name" "$from"); do
            mkdir -p "$into/$(dirname "$file")"
            case $file in
            # not every busybox unpacks them
            *.xz) xz -dc "$from/$file" >"$into/${file%.xz}" ;;
            *) cp "$from/$file" "$into/$file" ;;
            esac
        done
    done
    depmod -b "$1" "$kernel_release"
}

# copy_bpftool TREE: the kernel's own, or the machine's, into bin/, and the libraries to where it looks for them
copy_bpftool() {
    local program library
    if [ -d "$kernel_root/bpftool" ]; then
        cp -r "$kernel_root/bpftool/." "$1/"
        return
    fi
    program=$(command -v bpftool)
    cp -L "$program" "$1/bin/"
    for library in $(ldd "$program" | grep -o '/[^ ]*'); do
        mkdir -p "$1$(dirname "$library")"
        cp -L "$library" "$1$library"
    done
}

# build_initrd DIR: DIR/initrd from DIR/tree
build_initrd() {
    local tree=$1/tree
    mkdir -p "$tree"/{bin,dev,etc,mnt/bpfinfo,proc,root,sys,tmp,vm/cases,vm/fixtures,vm/objects}
    chmod 1777 "$tree/tmp"
    cp "$(command -v busybox)" "$tree/bin/busybox"
    ln -s busybox "$tree/bin/sh"
    printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$tree/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$tree/etc/group"

    cp "$here/init" "$tree/init"
    cp "$here/lib.sh" "$tree/vm/"
    cp "${cases[@]}" "$tree/vm/cases/"
    cp "$work"/fixtures/*.o "$tree/vm/fixtures/"
    cp "$root"/bpf/objects/*.o "$tree/vm/objects/"
    find "$work/fixtures" -type f -executable -exec cp -t "$tree/bin" {} +
    copy_bpftool "$tree"
    [ ${#extra_files[@]} = 0 ] || cp "${extra_files[@]}" "$tree/vm/"
    [ -z "$binary" ] || cp "$binary" "$tree/bin/bpffs-view"
    copy_modules "$tree"

    (cd "$tree" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null) >"$1/initrd"
}

# build_disk_initrd DIR: DIR/initrd from DIR/tree, which finds the first disk and goes on there, with $vm_init of the kernel's command line or /sbin/init;
# a second disk is at /repo
build_disk_initrd() {
    local tree=$1/tree
    mkdir -p "$tree"/{bin,dev,proc,sys,root}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    ln -s busybox "$tree/bin/sh"
    guest_modules=(virtio_pci virtio_blk crc32c_generic ext4)
    copy_modules "$tree"
    cat >"$tree/init" <<'INIT'
#!/bin/sh
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
for module in virtio_pci virtio_blk crc32c_generic ext4; do busybox modprobe $module 2>/dev/null; done
while [ ! -b /dev/vda ]; do busybox sleep 0.1; done
busybox mount -t ext4 /dev/vda /root
[ ! -b /dev/vdb ] || busybox mount -t ext4 /dev/vdb /root/repo
busybox umount /proc
busybox mount --move /dev /root/dev
exec busybox switch_root /root ${vm_init:-/sbin/init}
INIT
    chmod 755 "$tree/init"
    (cd "$tree" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null) >"$1/initrd"
}
