# struct_ops maps: the state and the value, which bpf(2) gives in a type of the kernel's.
. /vm/lib.sh
need_view

cc-loader $FIXTURES/cc.bpf.o >/tmp/cc 2>&1 &
loader=$!
if ! within 20 grep -q '^ready$' /tmp/cc; then
    not_ok 'a struct_ops map is registered' 'the loader is not ready'
    note "$(cat /tmp/cc)"
    exit 0
fi
view
used=$(bpf-ids | awk '$1 == "map" && $3 == "cc_used" { print $2 }')
spare=$(bpf-ids | awk '$1 == "map" && $3 == "cc_spare" { print $2 }')
ssthresh=$(awk '$2 == "cc_ssthresh" { print $1 }' /tmp/cc)
if can 'states' 'fields of a map that bpf(2) does not tell'; then
    same 'the registered one is in use' "$(cat $MNT/maps/$used/struct_ops_state)" inuse
    same 'the other is not' "$(cat $MNT/maps/$spare/struct_ops_state)" init
    has 'info has the state' "$(cat $MNT/maps/$used/info)" 'struct_ops_state: inuse'
    same 'other maps have no such state' "$(ls $MNT/maps/*/struct_ops_state | wc -l)" 2
fi
has 'entries has the value by its type' "$(cat $MNT/maps/$used/entries)" ".*\"ssthresh\":$ssthresh,.*\"name\":\"view_used\".*"
has 'entries.json too' "$(cat $MNT/maps/$used/entries.json)" '.*"formatted":.*"name":"view_used".*'
same 'no kernel address in it' "$(cat $MNT/maps/$used/entries $MNT/maps/$used/entries.json | grep -cE 'ffff[0-9a-f]{12}|1844674[0-9]{13}')" 0
kill $loader
wait $loader 2>/dev/null
end_view
