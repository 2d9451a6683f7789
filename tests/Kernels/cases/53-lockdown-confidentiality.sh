# Under lockdown=confidentiality no BPF program may read the kernel's memory: the view has what bpf(2) tells, and says so.
# append: lockdown=confidentiality
. /vm/lib.sh
need_view

has 'the kernel is locked down' "$(cat /sys/kernel/security/lockdown)" '.*\[confidentiality\].*'
restriction="BPF programs may not read the kernel's memory here .lockdown=confidentiality."
checked=$(bpffs-view check)
same 'exit status of check' "$?" 7
has 'check names it' "$checked" "kernel memory refused $restriction"
has 'check names what is refused' "$checked" "prog_records missing load: .*; the view lacks .*"

remember
view
status=$(cat $MNT/status)
has 'status names it' "$status" "restricted: $restriction.*"
has 'status names what is refused' "$status" "iterator: prog_records missing: load: .*; the view lacks .*"
lacks 'no other error' "$status" 'errors: [1-9].*'
has 'nothing is compared with itself' "$status" 'hidden: progs: cannot tell: .*'
end_view
nothing_left 'nothing is left'

# only programs without bpf_probe_read_kernel can be loaded here, and these are
fixtures test_pkt_access
cc-loader $FIXTURES/cc.bpf.o >/tmp/cc 2>&1 &
cc=$!
within 20 grep -q . /tmp/cc
view
id=$(prog_id test_pkt_access)
map=$(map_id pkt_lengths)
for reader in root nobody; do
    as() { if [ $reader = root ]; then sh -c "$1"; else as_nobody "$1"; fi; }
    has "$reader: progs.debug" "$(as "cat $MNT/progs.debug")" "$id test_pkt_access [1-9][0-9]*"
    has "$reader: maps.debug" "$(as "cat $MNT/maps.debug")" "$map pkt_lengths [0-9]+ [0-9]+"
    info=$(as "cat $MNT/progs/$id/info")
    has "$reader: its type" "$info" 'type: sched_cls'
    has "$reader: its tag" "$info" 'tag: [0-9a-f]{16}'
    has "$reader: its maps" "$info" "map_ids: $map"
    if knows verified_insns; then has "$reader: instructions verified" "$info" 'verified_insns: [1-9][0-9]*'; fi
    lacks "$reader: no reference count is made up" "$info" '(refcnt|sleepable|stack_depth):.*'
    has "$reader: the map's programs" "$(as "cat $MNT/maps/$map/progs")" "$id test_pkt_access"
    has "$reader: by name" "$(as "ls $MNT/progs/by-name/test_pkt_access")" "$id"
done
same 'of the maps, its link' "$(readlink $MNT/progs/$id/maps/$map)" "../../../maps/$map"
check 'JSON has what bpftool has' sh -c "grep -q '\"id\":$id,' $MNT/progs.json && grep -q '\"id\":$map,' $MNT/maps.json"
check 'metrics' grep -q 'bpf_' $MNT/metrics/bpf.prom
check 'the graph' grep -q "$id" $MNT/graph.dot
check 'elements' cat $MNT/maps/$map/entries
check 'BTF' grep -q . $MNT/btf/$(ls $MNT/btf | sort -n | head -n 1)/c
if knows bpf_iter_ksym; then check 'symbols' grep -q . $MNT/kernel/ksyms; fi
check 'attachments' cat $MNT/attachments
check 'code, as bpf(2) shows it' grep -q . $MNT/progs/$id/xlated
# a directory is there until somebody has looked into it, as only then its programs are loaded
ls $MNT/tasks $MNT/net >/dev/null 2>&1
for absent in tasks net pids progs/$id/jited progs/$id/kfuncs progs/$id/pids progs/$id/pinned kernel/cgroups; do
    check "there is no $absent" within 10 test ! -e $MNT/$absent
done
link=$(bpf-ids | awk '$1 == "link" { print $2; exit }')
[ -z "$link" ] || check 'a link' cat $MNT/links/$link/info $MNT/links/$link/target $MNT/links.debug $MNT/links.json
if knows bpf_loop; then has 'a map, by plain loads' "$(tr '{' '\n' <$MNT/maps.json)" "\"id\":$map,.*\"refcnt\":[1-9].*"; fi
# the pins load what they need with no probe, as the kernel's own iterators do
has 'the pin of maps prints' "$(as_nobody "cat $PINS/maps")" "$map pkt_lengths [0-9]+"
progs=$(as_nobody "cat $PINS/progs")
has 'the pin of programs prints' "$progs" "$id test_pkt_access +[0-9-]+"
has 'and to which type of the BTF one is attached' "$progs" '[0-9]+ dump_bpf_prog +[0-9-]+ btf:[1-9][0-9]*'
if knows bpf_iter__bpf_link; then
    same 'the pins' "$(ls $PINS | tr '\n' ' ')" 'links maps progs '
    has 'the pin of links prints' "$(as_nobody "cat $PINS/links")" '[1-9][0-9]* iter +dump_bpf_prog *'
else
    same 'the pins' "$(ls $PINS | tr '\n' ' ')" 'maps progs '
fi
every=$(find $MNT/* $MNT/progs/$id $MNT/maps/$map $MNT/links -maxdepth 1 -type f -exec cat {} + 2>&1 >/dev/null | grep -v 'No such file')
same 'every kind of file can be read' "$every" ''
kill $cc 2>/dev/null
end_fixtures
end_view
