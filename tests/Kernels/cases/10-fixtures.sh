# The seed's example loads and attaches: a program, observers of its functions, replacements for its functions.
. /vm/lib.sh

remember
seed_fixtures
objects=$(bpf-ids)
for name in test_pkt_access test_main test_subprog1 test_subprog2 test_subprog3 \
    new_get_skb_len new_get_skb_ifindex new_get_constant; do
    has "$name is loaded" "$objects" "prog $(prog_id $name) $(either_name $name)"
done
for name in test_main test_subprog1 test_subprog2 test_subprog3 new_get_skb_len new_get_skb_ifindex new_get_constant; do
    has "$name is attached" "$objects" "link [0-9]+ $(prog_id $name)"
done

end_fixtures
nothing_left 'nothing is left of them'
