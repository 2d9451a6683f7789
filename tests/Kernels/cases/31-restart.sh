# A killed server: from Linux 6.9 on its readers do not notice; before, its dead mount is replaced. Nothing is ever stacked.
. /vm/lib.sh
need_view

kill_server() {
    killed=$(server_pid)
    before=$(cut -d ' ' -f 1 /proc/uptime)
    kill -9 "$killed"
}
served_again() { [ -n "$(server_pid)" ] && [ "$(server_pid)" != "$killed" ]; }

# reader NAME FILE...: reads until told to stop, and collects what goes wrong. ls asks for each name it has read, and by then programs of the killed server may be gone.
reader() {
    local list=/tmp/restart.list.$1
    shift
    while [ ! -e /tmp/restart.stop ]; do
        cat "$@" >/dev/null 2>>/tmp/restart.failed || echo "$*: $?" >>/tmp/restart.failed
        ls $MNT/progs >"$list" 2>"$list.errors"
        grep -v "^ls: $MNT/progs/[0-9]*: No such file or directory\$" "$list.errors" >>/tmp/restart.failed
        grep -q "^$ours\$" "$list" || echo "ls: no $ours" >>/tmp/restart.failed
    done
}

rm -f /tmp/restart.*
: >/tmp/restart.failed
fixtures test_pkt_access
remember
view
keeper=$(sed -n 's/^keeper:\t\([0-9]*\).*/\1/p' $MNT/status)
check 'has a keeper' test -d /proc/"$keeper"

if ! knows FUSE_NOTIFY_RESEND; then
    has 'status says that readers fail' "$(cat $MNT/status)" 'keeper: [0-9]+, 0 restarts; a killed server fails its readers: .* 6\.9'
    for round in 1 2 3; do
        kill_server
        check "kill $round: the dead mount is replaced" within 20 served_again
        note "after $(cut -d ' ' -f 1 /proc/uptime | awk -v t="$before" '{ print $1 - t }') s"
        same "kill $round: and nothing is stacked" "$(grep -c " $MNT " /proc/mounts)" 1
    done
else
    ours=$(prog_id test_pkt_access)
    reader 1 $MNT/progs.debug $MNT/status &
    readers=$!
    reader 2 $MNT/progs.json $MNT/maps.debug &
    readers="$readers $!"
    reader 3 $MNT/links.debug $MNT/progs/$ours/info &
    readers="$readers $!"
    for round in 1 2 3 4 5; do
        kill_server
        check "kill $round: it is served again" within 20 served_again
        note "after $(cut -d ' ' -f 1 /proc/uptime | awk -v t="$before" '{ print $1 - t }') s"
        sleep 1.5 # not a crash loop
    done
    touch /tmp/restart.stop
    wait $readers
    same 'no reader saw an error' "$(cat /tmp/restart.failed)" ''
    check 'reload' bpffs-view reload $MNT
    same 'one mount' "$(grep -c " $MNT " /proc/mounts)" 1
fi
for pin in $(own_pins); do check "the pin $pin is there" cat $PINS/$pin; done
same 'and no other' "$(ls $PINS | sort)" "$(own_pins | sort)"
check 'umount ends it' end_view
nothing_left 'nothing is left of any server'
