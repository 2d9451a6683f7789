# A link of each type that needs a trampoline, a probe or a newer device: its fields, and what it is attached to.
. /vm/lib.sh
need_view

# made NAME: the link that link-loader made, in `link`; false where this kernel has no such type
made() {
    link=$(awk -v name="$1" '$1 == name && $2 != "refused" { print $2 }' $link_log)
    [ -n "$link" ]
}

# fields NAME KEY=VALUE...: files of the link
fields() {
    name=$1
    shift
    for field in "$@"; do
        same "$name: ${field%%=*}" "$(cat $MNT/links/$link/${field%%=*})" "${field#*=}"
    done
}

# lacks_fields NAME KEY...
lacks_fields() {
    name=$1
    shift
    for field in "$@"; do
        check "$name: no $field" test ! -e $MNT/links/$link/$field
    done
}

# target NAME TEXT: the line for a person, in each place that has it
target() {
    same "$1: target" "$(cat $MNT/links/$link/target)" "$2"
    line=$(awk -v id=$link '$1 == id' $MNT/links.debug)
    case $line in
    *" $2") ok "$1: links.debug" ;;
    *) not_ok "$1: links.debug" "$line" ;;
    esac
    prog=$(cat $MNT/links/$link/prog_id 2>/dev/null) || return 0
    has "$1: attached" "$(cat $MNT/progs/$prog/attached)" ".* link $link"
    has "$1: progs/ID/links" "$(cat $MNT/progs/$prog/links)" "$link"
    same "$1: prog" "$(basename "$(readlink -f $MNT/links/$link/prog)")" $prog
}

# wants NAME WHAT: the link is there, or the kernel has no WHAT
wants() {
    made $1 && return 0
    if knows $2; then not_ok "$1 is made" "$(grep "^$1 " $link_log)"; else skip "$1" "the kernel has no $2"; fi
    return 1
}

link_fixtures
view
if ! can 'links' 'fields of a link that bpf(2) does not tell'; then
    end_view
    exit 0
fi
made l_fentry && fields l_fentry type=tracing attach_type=trace_fentry target_func=vfs_unlink cookie=1 && target l_fentry vfs_unlink
made l_fexit && fields l_fexit attach_type=trace_fexit target_func=vfs_rmdir && lacks_fields l_fexit cookie target_prog_id && target l_fexit vfs_rmdir
made l_fmod_ret && fields l_fmod_ret attach_type=modify_return prog_type=tracing cookie=2 && target l_fmod_ret security_file_ioctl
made l_lsm && fields l_lsm attach_type=lsm_mac prog_type=lsm && target l_lsm bpf_lsm_file_open
made l_tp_btf && fields l_tp_btf type=raw_tracepoint tp_name=task_rename && target l_tp_btf task_rename
made l_raw_tp && fields l_raw_tp type=raw_tracepoint tp_name=task_rename && target l_raw_tp task_rename
made l_iter && fields l_iter type=iter target_name=task && target l_iter task
made l_lsm_cgroup && fields l_lsm_cgroup type=cgroup attach_type=lsm_cgroup && target l_lsm_cgroup 'cgroup:/links'
link=$(link_id new_get_constant)
fields freplace type=tracing prog_type=ext target_func=get_constant target_prog_name=test_pkt_access target_prog_id=$(prog_id test_pkt_access)
target freplace 'get_constant test_pkt_access'

made l_kprobe && fields l_kprobe type=perf_event perf_event_type=kprobe func=vfs_read retprobe=false offset=0 cookie=3 && target l_kprobe 'kprobe vfs_read'
made l_kretprobe && fields l_kretprobe perf_event_type=kretprobe func=vfs_read retprobe=true && target l_kretprobe 'kretprobe vfs_read'
made l_uprobe && fields l_uprobe perf_event_type=uprobe file=/bin/link-loader retprobe=false cookie=11 &&
    target l_uprobe "uprobe /bin/link-loader+0x$(printf %x $(cat $MNT/links/$link/offset))"
made l_uretprobe && fields l_uretprobe perf_event_type=uretprobe file=/bin/link-loader retprobe=true &&
    target l_uretprobe "uretprobe /bin/link-loader+0x$(printf %x $(cat $MNT/links/$link/offset))"
made l_tracepoint && fields l_tracepoint perf_event_type=tracepoint tracepoint=sched_switch cookie=4 && target l_tracepoint 'tracepoint sched_switch'
made l_perf_event && fields l_perf_event perf_event_type=event event_type=software event_config=task-clock cookie=6 && target l_perf_event software:task-clock
first=''
for name in l_kprobe_multi l_kretprobe_multi; do
    wants $name bpf_kprobe_multi_link_release || continue
    fields $name type=kprobe_multi func_cnt=3 retprobe=$([ $name = l_kprobe_multi ] && echo false || echo true)
    # the kernel keeps them in the order of their addresses
    same "$name: funcs" "$(tr ',' '\n' <$MNT/links/$link/funcs | sed 's/^ //' | sort | tr '\n' ',')" 'veth_open [veth] cookie:9,vfs_read cookie:7,vfs_write cookie:8,'
    has "$name: funcs in JSON" "$(sed 's/.*"funcs"/"funcs"/' $MNT/links/$link/json)" '.*\{"func":"vfs_write","module":null,"cookie":8\}.*'
    has "$name: a module's function in JSON" "$(sed 's/.*"funcs"/"funcs"/' $MNT/links/$link/json)" '.*\{"func":"veth_open","module":"veth","cookie":9\}.*'
    target $name "$(cut -d' ' -f1 $MNT/links/$link/funcs) and 2 more"
done
if wants l_uprobe_multi bpf_uprobe_multi_link_release; then
    fields l_uprobe_multi type=uprobe_multi path=/bin/link-loader func_cnt=2 retprobe=false 'funcs=0x2000 cookie:5, 0x2010'
    target l_uprobe_multi '/bin/link-loader+0x2000 and 1 more'
fi
if wants l_congestion bpf_struct_ops_link_create; then
    fields l_congestion type=struct_ops map_name=l_congestion map_id=$(map_id l_congestion)
    lacks_fields l_congestion prog_id prog prog_name
    target l_congestion "map:$(map_id l_congestion) l_congestion"
fi
if wants l_netkit netkit_link_release; then
    fields l_netkit type=netkit devname=lk0 attach_type=netkit_primary
    same 'l_netkit: ifindex' "$(cat $MNT/links/$link/ifindex)" "$(cat /sys/class/net/lk0/ifindex)"
    target l_netkit lk0
fi
if wants l_tracing_multi bpf_tracing_multi_link_release; then
    fields l_tracing_multi type=tracing_multi attach_type=trace_fentry_multi func_cnt=2
    same 'l_tracing_multi: funcs' "$(tr ',' '\n' <$MNT/links/$link/funcs | sed 's/^ //' | sort | tr '\n' ',')" 'vfs_read cookie:12,vfs_write,'
fi
for name in l_fentry l_fexit l_fmod_ret l_lsm l_tp_btf l_raw_tp l_iter l_lsm_cgroup l_kprobe l_kretprobe l_uprobe l_uretprobe l_tracepoint l_perf_event; do
    made $name || not_ok "$name is made" "$(grep "^$name " $link_log)"
done
# the kernel's own table names something for each
for link in $(awk 'NF == 3 && $2 != "refused" { print $2 }' $link_log); do
    has "the pin prints link $link" "$(cat $PINS/links)" "$link [a-z_]+ .*[^ ]"
done
end_view
