# Public files are anyone's to read, private ones root's; nothing can be written.
. /vm/lib.sh
need_view

fixtures test_pkt_access
view
row=".* test_pkt_access .*"
files=$MNT/progs.debug
can 'the pin progs' 'the pin progs' && files="$files $PINS/progs"
for file in $files; do
    has "nobody reads $file" "$(as_nobody "cat $file" 2>&1)" "$row"
done
id=$(prog_id test_pkt_access)
map=$(map_id pkt_lengths)
has 'nobody reads progs/ID/info' "$(as_nobody "cat $MNT/progs/$id/info" 2>&1)" 'name: ?test_pkt_access'
has 'nobody lists maps' "$(as_nobody "ls $MNT/maps" 2>&1)" "$map"

entries=$MNT/maps/$map/entries
same 'entries is 0600' "$(stat -c %a $entries)" 600
check 'root reads an entry' grep -q . $entries
refuses 'nobody gets EACCES on entries' 'Permission denied' as_nobody "cat $entries"

refuses 'a write gets EROFS' 'Read-only file system' sh -c "echo 1 >$MNT/progs.debug"
refuses 'a new file gets EROFS' 'Read-only file system' touch $MNT/new
refuses 'a new folder gets EROFS' 'Read-only file system' mkdir $MNT/new
refuses 'rm gets EROFS' 'Read-only file system' rm -f $MNT/progs.debug
refuses 'chmod gets EROFS' 'Read-only file system' chmod 600 $MNT/progs.debug
# What the server keeps: CAP_SYS_ADMIN, and CAP_NET_ADMIN where the kernel does not tell without it what is attached.
if query-unprivileged; then kept=0000000000200000; else kept=0000000000201000; fi
server=$(awk '$1 == "server:" { print $2 }' $MNT/status)
same 'capabilities of the server' "$(awk '$1 == "CapEff:" { print $2 }' /proc/$server/status)" $kept
end_view
