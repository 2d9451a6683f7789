# Who holds an object and where it is pinned, also in a mount namespace that the view is not in.
. /vm/lib.sh
need_view

seed_fixtures
view
id=$(prog_id test_pkt_access)
link=$(link_id new_get_skb_len)
map=$(map_id pkt_lengths)
has 'progs/ID/pids names the loader' "$(cat $MNT/progs/$id/pids)" "$fixture_pid [0-9]+ prog fixture-loader"
has 'maps/ID/pids names the loader' "$(cat $MNT/maps/$map/pids)" "$fixture_pid [0-9]+ map fixture-loader"
has 'links/ID/pids names the loader' "$(cat $MNT/links/$link/pids)" "$fixture_pid [0-9]+ link fixture-loader"
held=$(cat $MNT/pids/$fixture_pid)
has 'pids/PID has the program' "$held" "prog $id [0-9]+"
has 'pids/PID has the map' "$held" "map $map [0-9]+"
has 'pids/PID has the link' "$held" "link $link [0-9]+"
has 'pids/PID has a BTF object' "$held" "btf [0-9]+ [0-9]+"
same 'nobody is nothing of a holder' "$(ls $MNT/pids | grep -cx 1)" 0
refuses 'nobody gets EACCES on pids' 'Permission denied' as_nobody "cat $MNT/progs/$id/pids"
refuses 'nobody gets EACCES on pids/' 'Permission denied' as_nobody "ls $MNT/pids"
can 'nobody gets EACCES on pinned' pinned && refuses 'nobody gets EACCES on pinned' 'Permission denied' as_nobody "cat $MNT/progs/$id/pinned"

if can 'extended_by' 'fields of links in listings that bpf(2) does not tell'; then
    extended=$(cat $MNT/progs/$id/extended_by)
    has 'extended_by has the freplace program' "$extended" "$(prog_id new_get_skb_len) $(either_name new_get_skb_len) get_skb_len"
    has 'extended_by has the fexit program' "$extended" "$(prog_id test_main) test_main test_pkt_access"
fi
same 'progs/ID/links' "$(cat $MNT/progs/$(prog_id new_get_skb_len)/links)" "$link"
can 'hidden programs' 'fields of programs in listings that bpf(2) does not tell' && can 'hidden links' 'fields of links in listings that bpf(2) does not tell' &&
    has 'status finds nothing hidden' "$(cat $MNT/status)" 'hidden: none'
end_fixtures
if ! can 'pinned' pinned; then
    end_view
    exit 0
fi

dir=/sys/fs/bpf/held
mkdir -p $dir/a
fixture-loader --pin $dir/a $FIXTURES/test_pkt_access.bpf.o
id=$(sed -n 's/.* //p' <<END
$(bpf-ids | grep '^prog .* test_pkt_access$' | sed 's/^prog \([0-9]*\) .*/x \1/' | tail -n 1)
END
)
same 'progs/ID/pinned' "$(cat $MNT/progs/$id/pinned)" "$dir/a/test_pkt_access"
mkdir -p /tmp/bound
mount --bind $dir/a /tmp/bound
# dd reads; busybox cat is sendfile, which ends where the file ended a moment ago
same 'progs/ID/pinned has bind mounts' "$(dd if=$MNT/progs/$id/pinned 2>/dev/null)" "$dir/a/test_pkt_access
/tmp/bound/test_pkt_access"
umount /tmp/bound
rm -r $dir

mkdir -p /tmp/away
unshare -m sh -c "mount -t bpf bpf /tmp/away && mkdir /tmp/away/deep && fixture-loader --pin /tmp/away/deep $FIXTURES/test_pkt_access.bpf.o &&
    readlink /proc/self/ns/mnt >/tmp/away.ns && exec sleep 1000" &
away=$!
within 20 test -s /tmp/away.ns
id=$(bpf-ids | sed -n 's/^prog \([0-9]*\) .*test_pkt_access$/\1/p' | tail -n 1)
has 'a pin in another mount namespace' "$(cat $MNT/progs/$id/pinned)" "/tmp/away/deep/test_pkt_access .mount namespace $(tr -dc 0-9 </tmp/away.ns)."
kill $away
end_view
