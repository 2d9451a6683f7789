# Processes, the kernel's tables and iterators from outside, on kernels that have some of the targets only.
. /vm/lib.sh
need_view

# since VERSION FILE: whether this kernel has what FILE needs, and whether the file is there, agree
since() {
    newer=$(printf '%s\n%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)
    if [ "$newer" = "$1" ]; then check "has $2" cat $MNT/$2; else check "lacks $2" test ! -e $MNT/$2; fi
}

sleep 1000 &
pid=$!
view
without_gate() { grep -v '\[vsyscall\]'; }
same 'vmas are /proc/PID/maps' "$(cat $MNT/tasks/$pid/vmas)" "$(without_gate </proc/$pid/maps)"
same 'files are /proc/PID/fd' "$(awk '{ print $1, $5 }' $MNT/tasks/$pid/files)" "$(for fd in /proc/$pid/fd/*; do echo "${fd##*/} $(readlink $fd)"; done)"
has 'status' "$(cat $MNT/tasks/$pid/status)" "pid: $pid"
has 'status has the namespaces' "$(cat $MNT/tasks/$pid/status)" "net_ns: $(readlink /proc/$pid/ns/net | tr -dc 0-9)"
has 'files have BPF objects' "$(cat $MNT/tasks/$(server_pid)/files)" '[0-9]+ rw prog [0-9]+ anon_inode:bpf-prog'
refuses 'nobody sees no process of root' 'No such file' as_nobody "cat $MNT/tasks/$pid/files"
kill $pid

check 'kernel/ksyms' cat $MNT/kernel/ksyms
last() { grep -v '\[bpf\]\|\[__builtin__' | tail -n 1; }
same 'kernel/ksyms is kallsyms' "$(last <$MNT/kernel/ksyms)" "$(sed 's/^[0-9a-f]* //; s/\t/ /' /proc/kallsyms | last)"
mkdir -p /mnt/cg
mount -t cgroup2 none /mnt/cg
mkdir /mnt/cg/one
has 'kernel/cgroups' "$(cat $MNT/kernel/cgroups)" "$(stat -c %i /mnt/cg/one) 1 0 0 false /one"
rmdir /mnt/cg/one
since 6.13 kernel/kmem_cache
since 6.16 kernel/dmabuf
if [ ! -e $MNT/kernel/dmabuf ]; then
    has 'status names what is missing' "$(cat $MNT/status)" 'iterator: dmabuf_records missing: target dmabuf exists since Linux 6.16'
fi
end_view

mkdir -p /etc/iterators.d
cp $FIXTURES/iterators.bpf.o /etc/iterators.d/mine.bpf.o
chmod 600 /etc/iterators.d/mine.bpf.o
view --iterators /etc/iterators.d
has 'iter/ prints' "$(cat $MNT/iter/mine.map_ids)" '[0-9]+'
sleep 1000 &
pid=$!
same 'iter/ of one process' "$(cat $MNT/iter/mine.tasks/$pid)" "$pid"
kill $pid
rm /etc/iterators.d/mine.bpf.o
forgotten() { ! bpf-ids | grep -q map_ids; }
check 'a removed object leaves the kernel' within 5 forgotten
end_view

view -o subset=kernel,tasks
same 'subset' "$(ls $MNT | tr '\n' ' ')" 'README kernel status tasks '
end_view
