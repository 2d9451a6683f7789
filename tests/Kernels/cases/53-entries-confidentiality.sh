# Where no program may read the kernel's memory, elements come by bpf(2) alone, and are the same.
# append: lockdown=confidentiality
. /vm/lib.sh
need_view
same_entries
