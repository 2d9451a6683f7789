# Trampolines on the kernel's own functions, which some kernels refuse under lockdown.
. /vm/lib.sh

fixtures hooks
objects=$(bpf-ids)
for name in watch_open watch_unlink; do
    has "$name is attached" "$objects" "link [0-9]+ $(prog_id $name)"
done
