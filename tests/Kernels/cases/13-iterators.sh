# The committed iterator objects against this kernel's verifier and BTF, without the view around them.
. /vm/lib.sh

loads_each /vm/objects/view.bpf.o

if ! knows bpf_iter_bpf_link; then
    skip 'the kernel prints targets' 'this kernel has no iterator bpf_link'
    exit 0
fi
seed_fixtures
links=$(bpf-try /vm/objects/view.bpf.o dump_bpf_link 2>&1)
for name in test_main test_subprog3 new_get_skb_len new_get_constant; do
    has "the kernel prints the target of $name" "$links" "$(link_id $name) tracing ($(prog_id $name)|$(either_name $name)) .*test_pkt_access"
done
