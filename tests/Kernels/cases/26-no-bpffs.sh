# /sys/fs/bpf may not be a bpffs yet: then the view mounts one.
. /vm/lib.sh
need_view

umount /sys/fs/bpf
view
check 'the pins are there' test -e $PINS/progs
check 'umount ends it' end_view
mounted /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
