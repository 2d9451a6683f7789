# A server was killed and cannot be started again; whoever then unmounts is rid of the keeper, too.
. /vm/lib.sh
need_view

cp /bin/bpffs-view /tmp/bpffs-view
timeout 20 /tmp/bpffs-view $MNT </dev/null >/dev/null 2>&1
server=$(server_pid)
keeper=$(sed -n 's/^keeper:\t\([0-9]*\).*/\1/p' $MNT/status)
check 'has a keeper' test -d "/proc/$keeper"
rm /tmp/bpffs-view
: >/tmp/bpffs-view
chmod 500 /tmp/bpffs-view
kill -KILL "$server"
within 10 test ! -d "/proc/$server"
check umount umount -l $MNT
check 'the keeper ends' within 20 test ! -d "/proc/$keeper"
kill "$keeper" 2>/dev/null
bpffs-view unpin >/dev/null 2>&1
rm -f /tmp/bpffs-view
