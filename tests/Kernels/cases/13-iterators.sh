# The committed iterator objects against this kernel's verifier and BTF, without the view around them.
. /vm/lib.sh

for object in /vm/objects/*.o; do
    tried=$(bpf-try "$object" 2>&1)
    for program in $(printf '%s\n' "$tried" | sed -n 's/^\(loads\|refused\) //p'); do
        if printf '%s\n' "$tried" | grep -qx "loads $program"; then
            ok "$(basename "$object") $program loads"
        elif printf '%s\n' "$program" | grep -qx 'kmem_cache_records\|dmabuf_records' &&
            printf '%s\n' "$tried" | grep -q "prog '$program': failed to find kernel BTF type ID"; then
            skip "$(basename "$object") $program loads" 'its target came with Linux 6.13 or 6.16'
        else
            not_ok "$(basename "$object") $program loads" 'refused'
            note "$(printf '%s\n' "$tried" | sed -n "/^refused $program\$/,/^\(loads\|refused\) [^ ]*\$/p")"
        fi
    done
done

seed_fixtures
links=$(bpf-try /vm/objects/view.bpf.o dump_bpf_link 2>&1)
for name in test_main test_subprog3 new_get_skb_len new_get_constant; do
    has "the kernel prints the target of $name" "$links" "$(link_id $name) tracing ($(prog_id $name)|$(either_name $name)) .*test_pkt_access"
done
