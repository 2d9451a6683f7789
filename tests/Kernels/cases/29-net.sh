# Sockets and routes: the same as in /proc/net, and those of the reader's network namespace.
. /vm/lib.sh
need_view

view
if ! can 'sockets' net; then
    end_view
    exit 0
fi
sockets 3000 >/tmp/sockets.out 2>&1 &
sockets_pid=$!
trap 'kill $sockets_pid' EXIT
within 20 grep -q ready /tmp/sockets.out || not_ok 'sockets are made' "$(cat /tmp/sockets.out)"

# columns FILE AWK: without the header, sorted
columns() { awk "NR > 1 { print $2 }" "$1" | sed 's/-/0/g' | sort; }

same 'tcp: inode, uid, references, probes, window' "$(columns $MNT/net/tcp '$13, $12, $14, $11, $19')" "$(columns /proc/net/tcp '$10, $8, $11, $9, $16')"
has 'tcp: a connection' "$(cat $MNT/net/tcp)" '127.0.0.1 5555 127.0.0.1 [0-9]+ established 1000 0 none - 0 0 0 - .* cubic .*'
same 'udp: inode, uid, references, drops' "$(columns $MNT/net/udp '$9, $8, $10, $11')" "$(columns /proc/net/udp '$10, $8, $11, $13')"
same 'udp has all' "$(columns $MNT/net/udp '$9' | wc -l)" 3002
same 'unix: inode, path' "$(columns $MNT/net/unix '$7, $13')" "$(awk 'NR > 1 { print $7, $8 == "" ? "0" : $8 }' /proc/net/unix | sed 's/-/0/g' | sort)"
same 'unix has all' "$(columns $MNT/net/unix '$4' | wc -l)" "$(($(wc -l </proc/net/unix) - 1))"
check 'which are not few' [ "$(wc -l <$MNT/net/unix)" -gt 3000 ]
same 'netlink: inode, address, references, drops' "$(columns $MNT/net/netlink '$7, $2, $8, $9')" "$(columns /proc/net/netlink '$10, $3, $8, $9')"
has 'quic has the socket that speaks it' "$(cat $MNT/net/quic)" '127.0.0.1 4433 0.0.0.0 0 close .* packet,df,ecn,gro,rcvbuf - .*'
same 'and no other' "$(wc -l <$MNT/net/quic)" 2
has 'pids: who has it open, and its mark' "$(cat $MNT/net/pids)" "$(awk '$1 == "127.0.0.1" && $2 == 4433 { print $9 }' $MNT/net/udp) $sockets_pid [0-9]+ udp 0x2a sockets"
refuses 'nobody gets EACCES on pids' 'Permission denied' as_nobody "cat $MNT/net/pids"
has 'nobody reads tcp' "$(as_nobody "cat $MNT/net/tcp" 2>&1)" '127.0.0.1 5555 0.0.0.0 0 listen .*'

if [ -e /proc/net/tcp6 ]; then
    same 'ipv6_route' "$(columns $MNT/net/ipv6_route '$2, $9' | wc -l)" "$(wc -l </proc/net/ipv6_route)"
    same 'tcp6 has none' "$(wc -l <$MNT/net/tcp6)" 1
else
    for file in tcp6 udp6 ipv6_route; do check "$file is absent without IPv6" test ! -e $MNT/net/$file; done
    has 'status names it' "$(cat $MNT/status)" 'iterator: route6_records missing: this kernel has no iterator ipv6_route.*'
fi

# a namespace that has a name, as `ip netns` gives it one: a mount
touch /tmp/netns
unshare -n sh -c 'mount --bind /proc/self/ns/net /tmp/netns; ip link set lo up'
nsenter -n/tmp/netns sockets 1 7777 >/tmp/other.out &
other_pid=$!
within 5 grep -q ready /tmp/other.out
seen=$(nsenter -n/tmp/netns sh -c "awk '\$5 == \"listen\" { print \$2 }' $MNT/net/tcp" 2>&1)
same 'a reader in another namespace sees that' "$seen" 7777
same 'unix sockets are per namespace' "$(nsenter -n/tmp/netns sh -c "wc -l <$MNT/net/unix")" 2
lacks 'and others do not' "$(cat $MNT/net/tcp)" '.* 7777 .*'
nobody=$(unshare -n cat $MNT/net/tcp 2>&1)
if knows nsfs_fh_to_dentry; then
    has 'one without a name is seen too' "$nobody" 'local_address .*'
else
    has 'one without a name cannot be entered' "$nobody" '.*tcp.*: Operation not supported'
fi
has 'the server is where it was' "$(cat $MNT/net/tcp)" '127.0.0.1 5555 0.0.0.0 0 listen .*'
same 'with all its threads' "$(ls -l /proc/$(server_pid)/task/*/ns/net | sed 's/.* -> //' | sort -u | wc -l)" 1
kill $other_pid
umount /tmp/netns
has 'status says that it is loaded' "$(cat $MNT/status)" 'iterator: tcp_records loaded'
trap - EXIT
kill $sockets_pid
end_view
