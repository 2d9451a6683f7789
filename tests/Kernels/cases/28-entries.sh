# The elements of maps of every type are those that bpftool reads, by iterators or without.
. /vm/lib.sh
need_view
same_entries
