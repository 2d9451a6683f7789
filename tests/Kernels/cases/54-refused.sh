# A security module refuses one program of the view, each in its turn: the view is up, the rest of it is as before, and `status` names what it lacks for that one.
# append: lsm=lockdown,bpf
# only: newest
. /vm/lib.sh
need_view

# parts: what there is to see of each object's programs, and the word that stands for it where it is missing
parts() {
    cat <<END
view pids progs/$id/pids
view pinned progs/$id/pinned
code jited progs/$id/jited
code xlated progs/$id/xlated
attach attachments attachments
net net/tcp net/tcp
net net/udp net/udp
net net/quic net/quic
net net/unix net/unix
net net/netlink net/netlink
net net/pids net/pids
tasks tasks tasks/1/status
tasks tasks/PID/files tasks/1/files
tasks tasks/PID/vmas tasks/1/vmas
kernel_tables kernel/ksyms kernel/ksyms
kernel_tables kernel/cgroups kernel/cgroups
kernel_tables kernel/kmem_cache kernel/kmem_cache
kernel_tables kernel/dmabuf kernel/dmabuf
END
}

# seen OBJECT: the parts that can be read, of all objects if that is empty. Reading them loads the object.
seen() {
    parts | while read -r object word file; do
        [ "${1:-$object}" != "$object" ] || ! head -c 4096 "$MNT/$file" >/dev/null 2>&1 || echo "$word"
    done
}

# rows: of the example's program, map and link, what bpf(2) tells
rows() {
    cat $MNT/progs/$id/name $MNT/progs/$id/type $MNT/progs/$id/tag $MNT/maps/$map/name $MNT/maps/$map/entries $MNT/links/$link/type
    awk -v id=$id '$1 == id { print $1, $2 }' $MNT/progs.debug
    awk -v id=$map '$1 == id { print $1, $2 }' $MNT/maps.debug
    awk -v id=$link '$1 == id { print $1, $2 }' $MNT/links.debug
}

# missing: the programs that `status` names, with the cause
missing() { sed -n 's/^iterator:	\([^ ]*\) missing: \(.*\); the view lacks .*/\1 \2/p' $MNT/status; }

mkfifo /tmp/refuse
refuse-loader $FIXTURES/refuse.bpf.o </tmp/refuse >/tmp/refused 2>&1 &
exec 3>/tmp/refuse
if ! within 20 grep -q '^ready$' /tmp/refused; then
    not_ok 'programs can be refused' 'the loader is not ready'
    note "$(cat /tmp/refused)"
    exit 0
fi
answers=1

# refuse NAME: from now on; sets times, how often the one before was
refuse() {
    echo "$1" >&3
    answers=$((answers + 1))
    while [ "$(wc -l </tmp/refused)" -lt $answers ]; do sleep 0.05; done
    times=$(tail -n 1 /tmp/refused)
}

seed_fixtures
id=$(prog_id test_pkt_access)
map=$(map_id pkt_lengths)
link=$(link_id new_get_skb_len)
view
seen_before=$(seen '')
rows_before=$(rows)
missing_before=$(missing)
end_view

# the programs, each with its object; the first of an object with what is of the others, too
programs() {
    for object in /vm/objects/*.bpf.o; do
        bpf-try --names $object | awk -v object="$(basename $object .bpf.o)" '{ print $1, object, NR == 1 ? "" : object }'
    done
}

programs >/tmp/programs
while read -r program object of <&4; do
    # the kernel does not get to see what it has no target for
    if printf '%s\n' "$missing_before" | grep -q "^$program \(this kernel has no iterator\|it needs\)"; then
        skip "$program is refused" "$(printf '%s\n' "$missing_before" | grep "^$program ")"
        continue
    fi
    refuse "$program"
    view
    seen_now=$(seen "$of")
    rows_now=$(rows)
    cp $MNT/status /tmp/status
    status=$(cat /tmp/status)
    missing_now=$(missing)
    end_view
    refuse ''
    problems=$(
        [ "$times" -gt 0 ] || echo 'the kernel was not asked for it'
        [ "$rows_now" = "$rows_before" ] || printf 'programs, maps and links are not as before:\n%s\n' "$rows_now"
        printf '%s\n' "$missing_now" | grep -qx "$program load: Operation not permitted" || echo 'status does not name it'
        # what was missing before, and what needs this one
        printf '%s\n' "$missing_now" | grep -v "^$program \|it needs $program\$" | grep -vxF "${missing_before:-nothing}" | sed 's/^/missing too: /'
        lacks=$(printf '%s\n' "$status" | sed -n "s/^iterator:	.* missing: \(load: Operation not permitted\|it needs $program\); the view lacks //p")
        for part in $(parts | awk -v object="$of" 'object == "" || $1 == object { print $2 }'); do
            ! printf '%s\n' "$seen_before" | grep -qxF "$part" || printf '%s\n' "$seen_now" | grep -qxF "$part" || printf '%s\n' "$lacks" | tr ',' '\n' | sed 's/^ //' | grep -qx -e "$part" -e "${part%%/*}" || echo "no $part, and status does not say so"
        done
        printf '%s\n' "$status" | grep -qx 'errors:	0' || printf '%s\n' "$status" | grep '^error'
    )
    if [ -z "$problems" ]; then
        ok "$program is refused"
    else
        not_ok "$program is refused" 'see below'
        note "$problems"
    fi
done 4</tmp/programs
same 'no program is exempt' "$(wc -l </tmp/programs)" "$(grep -c '^iterator:' /tmp/status)"
exec 3>&-
end_fixtures
