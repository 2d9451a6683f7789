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

another() { new=$(server_of status) && [ -n "$new" ] && [ "$new" != "$old" ]; }

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

# ---- readers: eight of them read whole files until they are told to stop, and compare

# part of the view | what it must be: the same as before, or of a form
READERS='README|readme
btf/1/info|same
progs.debug|table
maps.debug|table
progs.json|json
maps.json|json
btf.json|json
metrics/bpf.prom|metrics'

is_right() {
    case $1 in
    readme) head -n 1 "$2" | grep -q '^bpffs-view [0-9.]*: ' && [ "$(sed 1d "$2")" = "$(sed 1d "$2.first")" ] ;; # an upgrade changes the version
    same) cmp -s "$2" "$2.first" ;;
    table) awk 'NR == 1 ? $1 != "id" : $1 !~ /^[0-9]+$/ || NF < 3 { wrong = 1 } END { exit wrong || NR < 3 }' "$2" && ends_with_newline "$2" ;;
    json) [ "$(head -c 1 "$2") $(tail -c 2 "$2")" = '[ ]' ] ;;
    metrics) ! grep -Ev '^(# (HELP|TYPE) |[a-z_]+(\{.*\})? [0-9.e+-]+$)' "$2" && grep -q . "$2" && ends_with_newline "$2" ;;
    esac
}

ends_with_newline() { [ -z "$(tail -c 1 "$1")" ]; }

# reader NUMBER FILE FORM
reader() {
    while [ ! -e /run/enough ]; do
        if ! cat "$MNT/$2" 2>/run/reader."$1".error >/run/reader."$1".read; then
            echo "failed: $2: $(tail -n 1 /run/reader."$1".error)"
            sleep 1 # nothing is mounted: let those work who mount
        elif is_right "$3" /run/reader."$1".read; then
            echo read
        else
            echo "wrong: $2"
            cp /run/reader."$1".read /run/reader."$1".wrong
        fi
        sleep 0.1 # all this is one processor that QEMU translates
    done
}

readers_begin() {
    rm -f /run/enough /run/reader.*
    readers=0
    for row in $READERS; do
        readers=$((readers + 1))
        cat "$MNT/${row%|*}" >/run/reader.$readers.read.first
        reader $readers "${row%|*}" "${row#*|}" >>/run/reader.$readers.log &
    done
    check "$1: each of $readers readers reads" within 60 all_have_read
    for log in /run/reader.*.log; do : >"$log"; done
}

all_have_read() { [ "$(grep -lx read /run/reader.*.log | wc -l)" = $readers ]; }

# Before Linux 6.9 a reader may find nothing there, but never something else.
readers_end() {
    check "$1: each reads on" within 60 all_have_read || note "$(grep -Lx read /run/reader.*.log; ps_readers; cat $MNT/status)"
    touch /run/enough
    wait
    same "$1: none read a wrong byte" "$(cat /run/reader.*.log | grep '^wrong' | sort | uniq -c)" ''
    if [ -n "$resends" ]; then
        same "$1: none failed" "$(cat /run/reader.*.log | grep '^failed' | sort | uniq -c)" ''
    else
        note "$1: of $(cat /run/reader.*.log | wc -l) reads failed: $(cat /run/reader.*.log | grep -c '^failed')"
    fi
    note "$1: $(cat /run/reader.*.log | grep -cx read) reads"
}

ps_readers() {
    for comm in $(grep -lx 'cat\|bpffs-view' /proc/[0-9]*/comm); do
        echo "$comm $(tr '\0' ' ' <"${comm%comm}cmdline"): $(cat "${comm%comm}stack" | tr '\n' ' ')"
    done
}

mount_ids() { findmnt -n -o ID $MNT; }
one_mount() { same "$1: one mount" "$(mount_ids | wc -l)" 1; }

# What restart does to readers, and what it leaves.
restarts() {
    readers_begin restart
    mount=$(mount_ids)
    for round in 1 2 3 4; do
        old=$(property MainPID)
        start=$(date +%s)
        check "systemctl restart, $round" systemctl restart bpffs-view.service
        took=$(($(date +%s) - start))
        note "$took s"
        [ $took -lt 20 ] || note "$(journalctl -u bpffs-view.service --no-pager -o short-monotonic -n 14)"
        check 'is another keeper' test "$(property MainPID)" != "$old" -a "$(property MainPID)" -gt 0
        [ -z "$resends" ] || same 'of the same mount' "$(mount_ids)" "$mount"
        one_mount 'restart'
    done
    same 'a restart is no failure' "$(property Result)" success

    old=$(server_of status) keeper=$(property MainPID)
    echo 1000 >/proc/"$old"/oom_score_adj
    echo f >/proc/sysrq-trigger # the kernel ends what has most
    check 'a server that ran out of memory has a successor' within 60 another
    same 'of the same keeper' "$(property MainPID) $(server_of keeper)" "$keeper $keeper"

    old=$(property MainPID)
    kill -9 "$old"
    another_keeper() { active && [ "$(property MainPID)" != "$old" ]; }
    check 'a killed keeper: the service is started again' within 60 another_keeper
    [ -z "$resends" ] || same 'a killed keeper: the same mount' "$(mount_ids)" "$mount"
    readers_end restart
    one_mount 'a killed keeper'
    same 'two processes' "$(grep -lsx bpffs-view /proc/[0-9]*/comm | wc -l)" 2

    sed -i 's/^OPTIONS=.*/OPTIONS="--gid adm"/' /etc/default/bpffs-view
    check 'restart with other options' systemctl restart bpffs-view.service
    same 'has them' "$(stat -c %G $MNT/pids)" adm
    one_mount 'other options'
    sed -i 's/^OPTIONS=.*/OPTIONS=/' /etc/default/bpffs-view
    check 'restart without them' systemctl restart bpffs-view.service
    same 'has them no more' "$(stat -c %G $MNT/pids)" root

    # the next one finds no BTF: the server cannot start, its keeper can
    mount --bind /dev/null /sys/kernel/btf/vmlinux
    refuses 'a restart that fails says so' failed systemctl restart bpffs-view.service
    same 'and is not tried again' "$(property ActiveState) $(property ExecMainStatus)" 'failed 4'
    check 'and leaves nothing' within 20 gone
    umount /sys/kernel/btf/vmlinux
    check 'a start after that' systemctl start bpffs-view.service
    one_mount 'a start after that'

    # nothing of the next one can start: what is left is replaced
    mv /usr/bin/bpffs-view /usr/bin/bpffs-view.away
    printf '#!/bin/sh\nexit 4\n' >/usr/bin/bpffs-view
    chmod 755 /usr/bin/bpffs-view
    refuses 'a restart of a broken program fails' failed systemctl restart bpffs-view.service
    mv /usr/bin/bpffs-view.away /usr/bin/bpffs-view
    check 'a start of the whole one' systemctl start bpffs-view.service
    one_mount 'a start of the whole one'
    readable 'after all restarts'
}

first_boot() {
    same 'nothing is enabled by the package' "$(systemctl is-enabled bpffs-view.service)" disabled
    check 'the service starts' systemctl enable --now bpffs-view.service || note "$(journalctl -u bpffs-view.service --no-pager -n 30)"
    readable 'the service'
    same 'it says so' "$(property StatusText)" "mounted on $MNT"
    same 'it is in the mount namespace of all' "$(readlink /proc/"$(property MainPID)"/ns/mnt)" "$(readlink /proc/1/ns/mnt)"
    everything
    same 'systemd-analyze verify has no remark' "$(systemd-analyze verify --man=no bpffs-view.service mnt-bpfinfo.mount 2>&1)" ''
    check 'priorities reach the journal' sh -c 'journalctl -u bpffs-view.service -o json --no-pager | grep "\"pins are in\|pins are in" | grep -q "\"PRIORITY\":\"6\""'
    exposure=$(systemd-analyze security bpffs-view.service --no-pager | sed -n 's/.*exposure level for bpffs-view.service: \([0-9.]*\).*/\1/p')
    note "exposure $exposure"
    check 'systemd-analyze security is under 4' awk -v e="$exposure" 'BEGIN { exit !(e > 0 && e < 4) }'

    readers_begin reload
    old=$(server_of status)
    same 'the view has a keeper' "$(server_of keeper)" "$(property MainPID)"
    kill -9 "$old"
    check 'a killed server has a successor' within 60 another
    old=$(server_of status)
    if [ -n "$resends" ]; then
        check 'systemctl reload' systemctl reload bpffs-view.service
        check 'is another server' another
    else
        refuses 'systemctl reload before Linux 6.9' failed systemctl reload bpffs-view.service
        check 'the journal says why' sh -c 'journalctl -u bpffs-view.service --no-pager -p err | grep -q "this kernel cannot send requests again"'
    fi
    old=$(server_of status)
    check 'the package is installed again' dpkg -i /vm/bpffs-view.deb
    check 'the view goes on with the new program' another
    same 'which is the installed one' "$(readlink "/proc/$(server_of status)/exe")" /usr/bin/bpffs-view
    readers_end reload
    # the keeper is still one of the version before, which the mount does not outlive
    [ ! -e /vm/is-upgrade ] || check 'a restart, to a keeper of this version' systemctl restart bpffs-view.service
    restarts
}

second_boot() {
    check 'the view is there after a boot' within 60 active
    readable 'after a boot'
    note "$(systemctl show -P ExecMainStartTimestampMonotonic -P ActiveEnterTimestampMonotonic bpffs-view.service)"
    check 'a restart once more' systemctl restart bpffs-view.service
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

resends=1
[ "$(printf '%s\n' 6.9 "$(uname -r)" | sort -V | head -n 1)" = 6.9 ] || resends=''

case $boot in
1) first_boot ;;
2) second_boot ;;
*) third_boot ;;
esac
echo "1..$(cat $VM_COUNT)"
sleep 0.2
systemctl --no-block poweroff
