# What is attached without a link and needs kprobes or trampolines, and a network namespace that nobody has mounted.
. /vm/lib.sh
need_view

id_of() { bpf-ids | awk -v name="$1" '$1 == "prog" && $3 == name { id = $2 } END { print id }'; }

# other NAME ARGUMENT...: attaches it, or ends the case
other() {
    attach-other "$@" >/tmp/other.$1 2>&1 &
    other_pid=$!
    others="$others $other_pid"
    within 20 grep -q '^ready$' /tmp/other.$1 && return
    not_ok "attach-other $1" 'not ready'
    note "$(cat /tmp/other.$1)"
    return 1
}
others=
trap 'kill $others 2>/dev/null' EXIT

modprobe sch_ingress
modprobe cls_bpf
view
if can 'a kprobe without a link' 'attachments to perf events' && other kprobe; then
    id=$(id_of other_kprobe)
    has 'a kprobe without a link' "$(cat $MNT/attachments)" "perf_event kprobe $id other_kprobe vfs_unlink cpu 0"
    has 'progs/ID/attached of the kprobe' "$(cat $MNT/progs/$id/attached)" 'perf_event kprobe vfs_unlink cpu 0'
    kill $other_pid
fi

if can 'attachments of a network namespace' 'attachments in other network namespaces than its own' && other netns; then
    ns=$(readlink /proc/$other_pid/ns/net | tr -dc 0-9)
    has 'XDP of a namespace that nobody mounted' "$(cat $MNT/attachments)" "device xdp $(id_of other_xdp) other_xdp lo generic netns $ns"
    if ! knows nsfs_fh_to_dentry; then
        lacks 'tc of it is not known' "$(cat $MNT/attachments)" '.* other_tc .*'
        has 'status says that it is not' "$(cat $MNT/status)" 'attachments: tc incomplete: .*'
        touch /tmp/mounted.ns
        mount --bind /proc/$other_pid/ns/net /tmp/mounted.ns
    fi
    has 'tc of a namespace that is mounted' "$(cat $MNT/attachments)" "device tc_ingress $(id_of other_tc) other_tc lo pref 5 handle 0x1( .*)? netns $ns"
    lacks 'and status has no complaint' "$(cat $MNT/status)" 'attachments: .*'
    ! mounted /tmp/mounted.ns || umount /tmp/mounted.ns
    kill $other_pid
fi

if can 'struct_ops' 'attachments of struct_ops' && other struct_ops $FIXTURES/ops.bpf.o; then
    for name in ops_ssthresh ops_cong_avoid ops_undo_cwnd; do
        has "$name of a map that registers itself" "$(cat $MNT/progs/$(id_of $name)/attached)" 'struct_ops struct_ops tcp_congestion_ops map [0-9]+ alone_ops'
    done
    kill $other_pid
    wait $other_pid 2>/dev/null
fi

if ! knows bpf_struct_ops_link_create; then
    skip 'struct_ops by a link' 'the kernel has no bpf_struct_ops_link_create'
elif other struct_ops_link $FIXTURES/ops.bpf.o; then
    has 'a program of a map that a link registers' "$(cat $MNT/progs/$(id_of ops_ssthresh)/attached)" \
        'struct_ops struct_ops tcp_congestion_ops map [0-9]+ alone_ops link [0-9]+'
    same 'the link is there for each program and not once more' "$(grep -c '^struct_ops' $MNT/attachments)" 3
fi
end_view
