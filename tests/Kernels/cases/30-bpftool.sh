# Every key that this kernel's own bpftool has of a program or a map is the same here, and so are a map's elements.
. /vm/lib.sh
need_view

# one member of the JSON a line, without the holders, which are not for everybody
members() { sed 's/,"pids":\[[^]]*\]//' | tr -d '{}[]' | tr ',' '\n'; }

# What bpf(2) says with an errno: of a device-bound program that its device is gone. None is bound here.
left_out='"orphaned":false'

# lacking: the members on standard input that the view has not. A name may be the beginning of the view's: older ones have no more than the kernel's 15 characters.
lacking() {
    grep -vx "$left_out" | grep -vxFf /tmp/ours | while read -r member; do
        case $member in
        '"name":"'*) grep -qF "${member%\"}" /tmp/ours && [ ${#member} = 24 ] && continue ;;
        esac
        echo "$member"
    done
}

# compared KIND: progs or maps, as `bpftool KIND show` has them
compared() {
    bpftool -j ${1%s} show | sed 's/},{"id"/}\n{"id"/g' >/tmp/bpftool.json
    check "bpftool lists $1" grep -q '"id":' /tmp/bpftool.json
    count=0
    while read -r line; do
        id=${line#*\"id\":}
        id=${id%%[,\}]*}
        members <$MNT/$1/$id/json >/tmp/ours 2>/dev/null || continue # bpftool's own, which end with it
        missing=$(printf '%s\n' "$line" | members | lacking)
        [ -z "$missing" ] || not_ok "$1 $id has what bpftool says" "lacks $(echo $missing)"
        count=$((count + 1))
    done </tmp/bpftool.json
    check "$1: all are compared" [ $count -ge "$(bpf-ids | grep -c "^${1%s} ")" ]
}

seed_fixtures
view
compared progs
compared maps
map=$(map_id pkt_lengths)
same 'entries.json is bpftool map dump' "$(cat $MNT/maps/$map/entries.json)" "$(bpftool -j map dump id $map)"
end_view
