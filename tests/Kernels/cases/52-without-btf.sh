# Without the kernel's BTF: one line, the exit status for it, and nothing is left.
. /vm/lib.sh
need_view

remember
mount -t tmpfs none /sys/kernel/btf
reason='load /sys/kernel/btf/vmlinux: the kernel has no BTF .*CONFIG_DEBUG_INFO_BTF.*'
refused 'the mount' 4 "$reason" bpffs-view $MNT
refused 'pin' 4 "$reason" bpffs-view pin
checked=$(bpffs-view check)
same 'exit status of check' "$?" 4
has 'check names it' "$checked" 'BTF missing /sys/kernel/btf/vmlinux.*CONFIG_DEBUG_INFO_BTF.*'
nothing_left 'no object is left'
same 'no pin is left' "$(ls /sys/fs/bpf)" ''
umount /sys/kernel/btf
in_order 'with it again, check finds all in order' bpffs-view check
