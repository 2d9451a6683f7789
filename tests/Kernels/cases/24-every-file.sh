# Every file that there is, read to its end by root and by nobody: all there is to read, or refused by its mode.
. /vm/lib.sh
need_view

# everything READER LINES: what read-all says
everything() {
    same "$1: no file fails" "$(printf '%s\n' "$2" | sed '$d')" ''
    has "$1: they are many" "$(printf '%s\n' "$2" | tail -n 1)" '[0-9]{3,} files, [0-9]{2,} directories, [0-9]{2,} links, .*'
    note "$(printf '%s\n' "$2" | tail -n 1)"
}

link_fixtures
view
everything root "$(read-all $MNT)"
everything nobody "$(as_nobody "read-all $MNT")"
status=$(cat $MNT/status)
has 'status has no error' "$status" 'errors: 0'

# every object is loaded by now
same 'every program is there, or status says why not' "$(printf '%s\n' "$status" | grep -c '^iterator:	.* \(loaded\|missing: .*\)$')" \
    "$(for object in /vm/objects/*.o; do bpf-try --names $object; done | wc -l)"
same 'status and check name the same programs and causes' "$(printf '%s\n' "$status" | sed -n 's/^iterator:	\([^ ]*\) missing: /\1 /p' | sort)" \
    "$(checked | sed -n '/; the view lacks /s/^\([^ ]*\)  *\(missing\|replaced\)  */\1 /p' | sort)"
in_order 'check' bpffs-view check
end_view
