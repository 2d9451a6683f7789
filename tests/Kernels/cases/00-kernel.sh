# What the view needs of a kernel, before anything of ours runs.
. /vm/lib.sh

note "$(uname -r), command line: $(cat /proc/cmdline)"
check 'has BTF' test -r /sys/kernel/btf/vmlinux
has 'knows fuse' "$(cat /proc/filesystems)" 'nodev fuse'
check 'has /dev/fuse' test -c /dev/fuse
mkdir -p /tmp/bpffs
check 'mounts a bpffs' mount -t bpf bpf /tmp/bpffs
check 'unmounts it' umount /tmp/bpffs
check 'lists its objects' bpf-ids
same 'nobody is nobody' "$(as_nobody 'id -u')" 65534
