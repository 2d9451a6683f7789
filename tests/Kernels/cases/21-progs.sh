# The seed's table: which function of which program another program is attached to. Since 5.10 the kernel forgets the
# target in the program once it is attached, and the view takes it from the link.
. /vm/lib.sh
need_view

# expect NAME FUNCTION: a row with the function, and with the seed's target program where links tell it
expect() {
    if [ -z "$(cause_of 'fields of links in listings that bpf(2) does not tell')" ]; then target='test_pkt_access'; else target=''; fi
    has "$source: $1" "$table" "$(prog_id $1) $(either_name $1) 1 $2${target:+ $target}"
}

seed_fixtures
view
sources=$MNT/progs.debug
can 'the pin progs' 'the pin progs' && sources="$sources $PINS/progs"
for source in $sources; do
    table=$(cat $source)
    has "$source: header" "$(printf '%s\n' "$table" | head -n 1)" 'id name pages attached'
    has "$source: test_pkt_access" "$table" "$(prog_id test_pkt_access) test_pkt_access [0-9]+"
    # the pin prints in the kernel, one program at a time, and has no links to join
    [ $source = $PINS/progs ] && continue
    can "$source: attached" 'targets of programs that bpf(2) does not tell' || continue
    expect test_main test_pkt_access
    expect test_subprog1 test_pkt_access_subprog1
    expect test_subprog2 test_pkt_access_subprog2
    expect test_subprog3 test_pkt_access_subprog3
    expect new_get_skb_len get_skb_len
    expect new_get_skb_ifindex get_skb_ifindex
    expect new_get_constant get_constant
done

for name in test_main test_subprog2 new_get_skb_len new_get_constant; do
    case $name in
    test_main) function=test_pkt_access ;;
    test_subprog2) function=test_pkt_access_subprog2 ;;
    new_get_skb_len) function=get_skb_len ;;
    *) function=get_constant ;;
    esac
    attached=$(cat $MNT/progs/$(prog_id $name)/attached)
    same "progs/ID/attached of $name is one line" "$(printf '%s\n' "$attached" | wc -l)" 1
    can "progs/ID/attached of $name names function and program" 'fields of a link that bpf(2) does not tell' || continue
    has "progs/ID/attached of $name names function and program" "$attached" "(.*[^a-z_])?$function .*test_pkt_access( .*)?"
done

gone=$(prog_id new_get_skb_len)
end_fixtures
forgotten() { ! grep -q new_get_skb_len $MNT/progs.debug; }
check 'a program that ends leaves the table' within 10 forgotten
absent() { ! test -e $MNT/progs/$gone; }
check 'and the folder' within 10 absent
end_view
