# Runs in the guest of tools/vm-test/systemd, once per boot.
exec </dev/null >/dev/ttyS1 2>&1
stty raw -echo </dev/ttyS1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
export VM_COUNT=/run/count VM_CASE
. /vm/lib.sh
echo 0 >$VM_COUNT
boot=$(($(cat /vm/boot 2>/dev/null || echo 0) + 1))
echo $boot >/vm/boot
VM_CASE=boot$boot

property() { systemctl show -P "$1" bpffs-view.service; }
active() { systemctl is-active -q bpffs-view.service; }
view_type() { findmnt -n -o FSTYPE $MNT; }
as_reader() { setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@"; }
gone() { ! mounted $MNT && ! pgrep_view; }
pgrep_view() { grep -lsx bpffs-view /proc/[0-9]*/comm >/dev/null; }

server_of() {
    case $1 in
    keeper) sed -n 's/^keeper:[^0-9]*\([0-9]*\).*/\1/p' $MNT/status ;;
    *) sed -n 's/^server:[^0-9]*\([0-9]*\).*/\1/p' $MNT/status ;;
    esac
}

readable() {
    same "$1: its type" "$(view_type)" fuse.bpffs-view
    check "$1: anybody reads it" as_reader cat $MNT/progs.debug $MNT/maps.json
}

# every file that a unit's restrictions could take away
everything() {
    errors=$(cd $MNT && find . -path ./tasks -prune -o -path ./iter -prune -o -type f -print0 | xargs -0 cat 2>&1 >/dev/null | grep -v 'No such file or directory' | sort | uniq -c | head -n 20)
    same 'every file can be read' "$errors" ''
    check 'a process' cat $MNT/tasks/1/status $MNT/tasks/1/files $MNT/tasks/1/vmas
    lacks 'status has no error' "$(cat $MNT/status)" '.*(incomplete|refused).*'
    note "$(grep -iE 'error|missing|incomplete' $MNT/status)"
    touch /run/netns-test
    unshare --net=/run/netns-test true
    nsenter --net=/run/netns-test cat $MNT/net/tcp >/tmp/there 2>&1
    same "the reader's network namespace is shown" "$(head -c 13 /tmp/there)" "$(head -c 13 $MNT/net/tcp)"
    umount /run/netns-test
}

first_boot() {
    same 'nothing is enabled by the package' "$(systemctl is-enabled bpffs-view.service)" disabled
    check 'the service starts' systemctl enable --now bpffs-view.service || note "$(journalctl -u bpffs-view.service --no-pager -n 30)"
    readable 'the service'
    same 'it says so' "$(property StatusText)" "mounted on $MNT"
    same 'it is in the mount namespace of all' "$(readlink /proc/"$(property MainPID)"/ns/mnt)" "$(readlink /proc/1/ns/mnt)"
    everything
    check 'priorities reach the journal' sh -c 'journalctl -u bpffs-view.service -o json --no-pager | grep "\"pins are in\|pins are in" | grep -q "\"PRIORITY\":\"6\""'
    exposure=$(systemd-analyze security bpffs-view.service --no-pager | sed -n 's/.*exposure level for bpffs-view.service: \([0-9.]*\).*/\1/p')
    note "exposure $exposure"
    check 'systemd-analyze security is under 4' awk -v e="$exposure" 'BEGIN { exit !(e > 0 && e < 4) }'

    # all reads of a reader that goes on meanwhile
    (while [ ! -e /run/enough ]; do cat $MNT/progs.debug >/dev/null || echo failed; echo read; done) >/run/reader 2>&1 &
    old=$(server_of status)
    same 'the view has a keeper' "$(server_of keeper)" "$(property MainPID)"
    kill -9 "$old"
    another() { new=$(server_of status) && [ -n "$new" ] && [ "$new" != "$old" ]; }
    check 'a killed server has a successor' within 30 another
    old=$(server_of status)
    check 'systemctl reload' systemctl reload bpffs-view.service
    check 'is another server' another
    old=$(server_of status)
    check 'the package is installed again' dpkg -i /vm/bpffs-view.deb
    check 'the view goes on with the new program' another
    same 'which is the installed one' "$(readlink "/proc/$(server_of status)/exe")" /usr/bin/bpffs-view
    touch /run/enough
    wait
    check 'a reader has read' grep -q '^read$' /run/reader
    same 'and never failed' "$(grep -v '^read$' /run/reader | sort | uniq -c | head -n 5)" ''
    note "$(grep -c '^read$' /run/reader) reads"

    old=$(property MainPID)
    kill -9 "$old"
    restarted() { active && [ "$(property MainPID)" != "$old" ]; }
    check 'a killed keeper: the service is started again' within 30 restarted
    readable 'after a kill'
    check 'systemctl restart' systemctl restart bpffs-view.service
    readable 'after a restart'
}

second_boot() {
    check 'the view is there after a boot' within 60 active
    readable 'after a boot'
    note "$(systemctl show -P ExecMainStartTimestampMonotonic -P ActiveEnterTimestampMonotonic bpffs-view.service)"
    check 'disable and stop' systemctl disable --now bpffs-view.service
    check 'nothing is left of it' within 20 gone
    same 'no pins are left' "$(ls -A /sys/fs/bpf)" ''
    echo "OPTIONS=--no-such-option" >>/etc/default/bpffs-view
    refuses 'a wrong option fails the start' 'failed' systemctl start bpffs-view.service
    check 'and the journal says why' sh -c 'journalctl -u bpffs-view.service --no-pager -p err | grep -q "no-such-option: unknown option"'
    same 'and it is not tried again' "$(property ActiveState) $(property NRestarts)" 'failed 0'
    sed -i '$d' /etc/default/bpffs-view
    systemctl reset-failed bpffs-view.service
    echo "bpfinfo $MNT fuse.bpffs-view gid=adm,ro 0 0" >>/etc/fstab
    systemctl daemon-reload
    check 'mount of a line of fstab' mount $MNT
    readable fstab
    has 'with its options' "$(findmnt -n -o SOURCE,OPTIONS $MNT)" 'bpfinfo ro,.*allow_other.*'
    same 'and its group' "$(stat -c %G $MNT/pids)" adm
    check umount umount $MNT
    check 'the server of fstab ends' within 20 gone
}

third_boot() {
    check 'fstab mounts at boot' mounted $MNT
    readable 'fstab at boot'
    sed -i '$d' /etc/fstab
    systemctl daemon-reload
    umount $MNT
    within 20 gone
    check 'the mount unit' systemctl start mnt-bpfinfo.mount
    readable 'mount unit'
    check 'the mount unit stops' systemctl stop mnt-bpfinfo.mount
    check 'its server ends' within 20 gone
    check 'the service once more' systemctl enable --now bpffs-view.service
    check 'the package is purged' dpkg --purge bpffs-view
    check 'nothing of it runs' within 20 gone
    same 'no file of it is left' "$(find / -xdev -name '*bpffs-view*' -not -path '/vm/*' -not -path '/proc/*' -not -path '/var/log/*'; find /mnt -mindepth 1)" ''
}

case $boot in
1) first_boot ;;
2) second_boot ;;
*) third_boot ;;
esac
echo "1..$(cat $VM_COUNT)"
sleep 0.2
systemctl --no-block poweroff
