# Programs on kernel functions: the function is what they are attached to, and there is no target program.
. /vm/lib.sh
need_view

fixtures hooks
view
if ! can 'functions' 'targets of programs that bpf(2) does not tell'; then
    end_view
    exit 0
fi
table=$(cat $MNT/progs.debug)
has 'the fentry program shows its function' "$table" "$(prog_id watch_unlink) watch_unlink [0-9]+ vfs_unlink"
has 'the lsm program shows its hook' "$table" "$(prog_id watch_open) watch_open [0-9]+ bpf_lsm_file_open"
can 'progs/ID/attached' 'fields of a link that bpf(2) does not tell' || { end_view; exit 0; }
has 'progs/ID/attached of fentry' "$(cat $MNT/progs/$(prog_id watch_unlink)/attached)" '(.*[^a-z_])?vfs_unlink( .*)?'
has 'progs/ID/attached of lsm' "$(cat $MNT/progs/$(prog_id watch_open)/attached)" '(.*[^a-z])?(bpf_lsm_)?file_open( .*)?'
end_view
