# Map types of newer kernels, and BTF of a form that they have: contents and names.
. /vm/lib.sh
need_view

# made NAME ENUMERATOR: its ids, in `map` and `other`; false where this kernel has no such thing: then its enumeration has no such name
made() {
    map=$(awk -v name="$1" '$1 == name { print $2 }' /tmp/newer)
    other=$(awk -v name="$1" '$1 == name { print $3 }' /tmp/newer)
    [ -z "$map" ] || return 0
    if grep -q "$2" /sys/kernel/btf/vmlinux; then
        not_ok "$1 is made" "$(grep " $1 " /tmp/newer), but the kernel has $2"
    else
        skip "$1" "$(grep " $1 " /tmp/newer), and the kernel has no $2"
    fi
    return 1
}

rhash=$(printf '%02x 00 00 00\t%02x 00 00 00 00 00 00 00\n' 1 10 2 20 3 30 5 50)
newer-maps >/tmp/newer 2>&1 &
maker=$!
if ! within 20 grep -q '^ready$' /tmp/newer; then
    not_ok 'newer-maps makes its maps' 'it is not ready'
    note "$(cat /tmp/newer)"
    exit 0
fi
view

if made rhash BPF_MAP_TYPE_RHASH; then
    same 'rhash: type' "$(cat $MNT/maps/$map/type)" rhash
    check 'rhash: by-type' test -e $MNT/maps/by-type/rhash/$map
    has 'rhash: maps.json' "$(cat $MNT/maps.json)" ".*\"id\":$map,\"type\":\"rhash\",.*"
    has 'rhash: metrics' "$(cat $MNT/metrics/bpf.prom)" ".*id=\"$map\".*type=\"rhash\".*"
    has 'rhash: graph' "$(cat $MNT/graph.dot)" ".*map $map.*newer_rhash.*rhash.*"
    same 'rhash: elem_count' "$(cat $MNT/maps/$map/elem_count)" 4
    same 'rhash: entries' "$(sort $MNT/maps/$map/entries)" "$rhash"
    same 'rhash: entries.json' "$(grep -o '"key"' $MNT/maps/$map/entries.json | wc -l)" 4
fi
if made insn_array BPF_MAP_TYPE_INSN_ARRAY; then
    same 'insn_array: type' "$(cat $MNT/maps/$map/type)" insn_array
    check 'insn_array: by-type' test -e $MNT/maps/by-type/insn_array/$map
    has 'insn_array: its program' "$(cat $MNT/maps/$map/progs)" "$other.*"
    same 'insn_array: entries' "$(sed 's/"jitted_off":[1-9][0-9]*/"jitted_off":N/' $MNT/maps/$map/entries)" \
        "$(printf '%s\t{"orig_off":%s,"xlated_off":%s,"jitted_off":%s}\n' 0 0 0 N 1 1 -1 0 2 2 1 N 3 3 2 N)"
    check 'insn_array: no count, as of any array' test ! -e $MNT/maps/$map/elem_count
fi
if made many BTF_MAX_VLEN; then
    same 'a struct of 70000 members: the last' "$(cut -f 2 $MNT/maps/$map/entries | tail -c 23)" '"m69998":0,"m69999":7}'
    same 'written as C, it says that it ends early' "$(head -n 1 $MNT/btf/$other/c)" '/* BTF type 2 has 70000 members, of which the first 65535 are here */'
    has 'the last that is there' "$(tail -n 4 $MNT/btf/$other/c)" 'int m65534;|long: 64;|.*packed.*|int: 32;'
fi
# a name for every type that the kernel has one for
for kind in maps progs links; do
    lacks "$kind/by-type has no numbers" "$(ls $MNT/$kind/by-type)" '[0-9]+'
done
can 'the links pin' 'the pin links' || { kill $maker; end_view; exit 0; }
same 'the links pin has no numbers for types' "$(awk 'NR > 1 { print $2 }' $PINS/links | grep -c '^[0-9]')" 0
same 'the links pin has the types of links.debug' "$(awk 'NR > 1 { print $1, $2 }' $PINS/links | sort)" "$(awk 'NR > 1 { print $1, $2 }' $MNT/links.debug | sort)"
end_view

# where the iterator is refused, they are read in batches
export BPFFS_VIEW_BREAK=map_elements
view
made rhash BPF_MAP_TYPE_RHASH && same 'rhash: entries without the iterator' "$(sort $MNT/maps/$map/entries)" "$rhash"
kill $maker
wait $maker 2>/dev/null
end_view
