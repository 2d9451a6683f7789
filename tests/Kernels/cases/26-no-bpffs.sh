# /sys/fs/bpf may not be a bpffs yet: then the view mounts one.
. /vm/lib.sh
need_view

umount /sys/fs/bpf
view
same 'the pins are there' "$(ls $PINS | sort)" "$(own_pins | sort)"
check 'umount ends it' end_view
mounted /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
