# Without FUSE in the kernel: one line, the exit status for it, and nothing is left.
# append: initcall_blacklist=fuse_init
. /vm/lib.sh
need_view

lacks 'the kernel has no FUSE' "$(cat /proc/filesystems)" '.*fuse'
remember
refused 'the mount' 4 'open /dev/fuse: No such file or directory' bpffs-view $MNT
refused 'the mount in the foreground' 4 'open /dev/fuse: No such file or directory' bpffs-view -f $MNT
has 'check names it' "$(bpffs-view check)" 'FUSE missing open /dev/fuse: No such file or directory.*'
nothing_left 'no object is left'
same 'no pin is left' "$(ls /sys/fs/bpf)" ''
# pins need no FUSE
check 'pin' bpffs-view pin
has 'anybody reads a pin' "$(as_nobody "cat $PINS/maps")" 'id name max_entries'
check 'unpin' bpffs-view unpin
nothing_left 'no object is left of the pins'
