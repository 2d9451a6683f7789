# bpffs-view MOUNTPOINT mounts, pins and returns; umount ends all of it.
. /vm/lib.sh
need_view

remember
view
ok 'mounts and returns'
has 'is of type fuse.bpffs-view' "$(grep " $MNT " /proc/mounts)" '[^ ]+ /mnt/bpfinfo fuse\.bpffs-view .*'
check 'has its server' pidof bpffs-view
for pin in $(own_pins); do
    same "pins $pin, readable by anyone" "$(stat -c %a $PINS/$pin)" 644
done
for file in README status progs.debug maps.debug links.debug; do
    check "$file can be read" cat $MNT/$file
done
in_order 'check finds it in order' bpffs-view check

check 'umount' umount $MNT
check 'the server ends' within 10 server_ended
for pin in progs maps links; do
    check "its pin $pin is gone" test ! -e $PINS/$pin
done
nothing_left 'no program, map or link of its own is left'

view
ok 'mounts a second time'
check 'and ends a second time' end_view
