# Processes, the kernel's tables and iterators from outside, on kernels that have some of the targets only.
. /vm/lib.sh
need_view

# table TARGET FILE: the file is there if the kernel has the iterator; if not, `status` names it
table() {
    if knows "bpf_iter_$1"; then
        check "has $2" head -c 4096 $MNT/$2
    else
        check "lacks $2" test ! -e $MNT/$2
        has "status names $2" "$(cat $MNT/status)" "iterator: [a-z_]+ missing: this kernel has no iterator $1 .*; the view lacks $2"
    fi
}

sleep 1000 &
pid=$!
view
without_gate() { grep -v '\[vsyscall\]'; }
can 'vmas' tasks && can 'vmas' tasks/PID/vmas && same 'vmas are /proc/PID/maps' "$(cat $MNT/tasks/$pid/vmas)" "$(without_gate </proc/$pid/maps)"
can 'files' tasks && can 'files' tasks/PID/files &&
    same 'files are /proc/PID/fd' "$(awk '{ print $1, $5 }' $MNT/tasks/$pid/files)" "$(for fd in /proc/$pid/fd/*; do echo "${fd##*/} $(readlink $fd)"; done)"
if can 'status of a process' tasks; then
    has 'status' "$(cat $MNT/tasks/$pid/status)" "pid: $pid"
    has 'status has the namespaces' "$(cat $MNT/tasks/$pid/status)" "net_ns: $(readlink /proc/$pid/ns/net | tr -dc 0-9)"
    can 'files have BPF objects' tasks/PID/files && has 'files have BPF objects' "$(cat $MNT/tasks/$(server_pid)/files)" '[0-9]+ rw prog [0-9]+ anon_inode:bpf-prog'
fi
refuses 'nobody sees no process of root' 'No such file' as_nobody "cat $MNT/tasks/$pid/files"
kill $pid

last() { grep -v '\[bpf\]\|\[__builtin__' | tail -n 1; }
table ksym kernel/ksyms
[ ! -e $MNT/kernel/ksyms ] || same 'kernel/ksyms is kallsyms' "$(last <$MNT/kernel/ksyms)" "$(sed 's/^[0-9a-f]* //; s/\t/ /' /proc/kallsyms | last)"
mkdir -p /mnt/cg
mount -t cgroup2 none /mnt/cg
mkdir /mnt/cg/one
table cgroup kernel/cgroups
[ ! -e $MNT/kernel/cgroups ] || has 'kernel/cgroups' "$(cat $MNT/kernel/cgroups)" "$(stat -c %i /mnt/cg/one) 1 0 0 false /one"
rmdir /mnt/cg/one
table kmem_cache kernel/kmem_cache
table dmabuf kernel/dmabuf
end_view

mkdir -p /etc/iterators.d
cp $FIXTURES/iterators.bpf.o /etc/iterators.d/mine.bpf.o
chmod 600 /etc/iterators.d/mine.bpf.o
view --iterators /etc/iterators.d
has 'iter/ prints' "$(cat $MNT/iter/mine.map_ids)" '[0-9]+'
sleep 1000 &
pid=$!
if knows bpf_iter_attach_task; then
    same 'iter/ of one process' "$(cat $MNT/iter/mine.tasks/$pid)" "$pid"
else
    check 'iter/ of all processes, as the kernel cannot aim at one' grep -qx $pid $MNT/iter/mine.tasks
fi
kill $pid
rm /etc/iterators.d/mine.bpf.o
forgotten() { ! bpf-ids | grep -q map_ids; }
check 'a removed object leaves the kernel' within 5 forgotten
end_view

view -o subset=kernel,tasks
same 'subset' "$(ls $MNT | tr '\n' ' ')" 'README kernel status tasks '
end_view
