# Links with their target program: through FUSE, and printed by the kernel through the pin.
. /vm/lib.sh
need_view

seed_fixtures
view
sources=$MNT/links.debug
can 'the pin links' 'the pin links' && sources="$sources $PINS/links"
for source in $sources; do
    table=$(cat $source)
    has "$source: header" "$(printf '%s\n' "$table" | head -n 1)" 'id type prog target'
    can "$source: targets" 'fields of links in listings that bpf(2) does not tell' || continue
    for name in test_main test_subprog1 test_subprog2 test_subprog3 new_get_skb_len new_get_skb_ifindex new_get_constant; do
        has "$source: $name" "$table" "$(link_id $name) tracing .*($(prog_id $name)|$(either_name $name)) (.* )?test_pkt_access"
    done
done
link=$(link_id test_subprog1)
can 'links/ID/target names the program' 'fields of a link that bpf(2) does not tell' && check 'links/ID/target names the program' grep -q test_pkt_access $MNT/links/$link/target
same 'links/ID/prog leads to the program' "$(basename "$(readlink -f $MNT/links/$link/prog)")" "$(prog_id test_subprog1)"
end_view
