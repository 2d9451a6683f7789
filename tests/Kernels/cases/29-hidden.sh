# A program that another one hides from bpf(2) is named by `status`.
. /vm/lib.sh
need_view

seed_fixtures
view
if ! can 'hidden programs' 'fields of programs in listings that bpf(2) does not tell' || ! can 'hidden links' 'fields of links in listings that bpf(2) does not tell'; then
    end_view
    exit 0
fi
id=$(prog_id test_pkt_access)
has 'status finds nothing hidden' "$(cat $MNT/status)" 'hidden: none'

hide-loader $FIXTURES/hide.bpf.o $id >/tmp/hide 2>&1 &
hider=$!
if within 20 grep -q '^ready$' /tmp/hide; then
    same 'bpf(2) does not show the hidden program' "$(bpf-ids | grep -c "^prog $id ")" 0
    hidden=$(cat $MNT/status | grep '^hidden:')
    has 'status names the hidden program' "$hidden" "hidden: progs $id: in the kernel, not shown by bpf\(2\)"
    same 'status names no other' "$(echo "$hidden" | wc -l)" 1
    has 'progs.debug has it all the same' "$(cat $MNT/progs.debug)" "$id test_pkt_access [0-9]+( .*)?"
    same 'its files are there' "$(cat $MNT/progs/$id/name)" test_pkt_access
else
    not_ok 'a program can be hidden' 'the loader is not ready'
    note "$(cat /tmp/hide)"
fi
kill $hider
wait $hider 2>/dev/null
shown() { bpf-ids | grep -q "^prog $id "; }
within 10 shown
has 'status finds nothing hidden any more' "$(cat $MNT/status)" 'hidden: none'
end_view
