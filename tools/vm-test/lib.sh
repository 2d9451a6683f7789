# What a guest case starts with: `. /vm/lib.sh`. Each check prints one TAP line, named after its case.

MNT=/mnt/bpfinfo
PINS=/sys/fs/bpf/bpffs-view
FIXTURES=/vm/fixtures

# ---- TAP

tap() {
    number=$(($(cat "$VM_COUNT") + 1))
    echo "$number" >"$VM_COUNT"
    echo "$1 $number - $VM_CASE: $2"
}

# a diagnostic for a person: the end of a long text, where a verifier's log says why
note() {
    [ -z "$*" ] || printf '%s\n' "$*" | tail -n 40 | sed 's/^/#   /'
}

ok() { tap ok "$1"; }
not_ok() { tap 'not ok' "$1${2:+ # $2}"; }
skip() { tap ok "$1 # SKIP $2"; }

# check NAME COMMAND...: the command succeeds
check() {
    name=$1
    shift
    if output=$("$@" 2>&1); then
        ok "$name"
    else
        not_ok "$name" "$* fails with $?"
        note "$output"
        return 1
    fi
}

# same NAME GOT WANT
same() {
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        not_ok "$1" 'differs'
        note "got:  $2"
        note "want: $3"
        return 1
    fi
}

# has NAME TEXT REGEX: one line of TEXT, its blanks folded, is REGEX from end to end
has() {
    if printf '%s\n' "$2" | fold_blanks | grep -Eqx -- "$3"; then
        ok "$1"
    else
        not_ok "$1" "no line is '$3' in:"
        note "$2"
        return 1
    fi
}

# lacks NAME TEXT REGEX: no line of TEXT is REGEX
lacks() {
    if printf '%s\n' "$2" | fold_blanks | grep -Eqx -- "$3"; then
        not_ok "$1" "a line is '$3' in:"
        note "$2"
        return 1
    else
        ok "$1"
    fi
}

# refuses NAME TEXT COMMAND...: the command fails, and says TEXT
refuses() {
    name=$1 reason=$2
    shift 2
    if output=$("$@" 2>&1); then
        not_ok "$name" "$* succeeds"
        note "$output"
    elif printf '%s\n' "$output" | grep -q "$reason"; then
        ok "$name"
    else
        not_ok "$name" "fails, but not with '$reason'"
        note "$output"
    fi
}

# refused NAME CODE REGEX COMMAND...: bpffs-view ends with CODE, prints one line and nothing else, and nothing is mounted
refused() {
    name=$1 code=$2 reason=$3
    shift 3
    output=$(timeout 100 "$@" 2>&1 </dev/null)
    same "$name ends with $code" "$?" "$code"
    same "$name says one line" "$(printf '%s\n' "$output" | wc -l)" 1
    has "$name says why" "$output" "bpffs-view: $reason"
    check "$name leaves no mount" sh -c "! grep -q ' $MNT ' /proc/mounts"
}

fold_blanks() { sed 's/[ \t][ \t]*/ /g; s/^ //; s/ $//'; }

# within SECONDS COMMAND...: the kernel frees BPF objects only after an RCU grace period, so what ends, ends soon; three times as long, as the machine may have other guests
within() {
    tries=$(($1 * 30))
    shift
    while [ $tries -gt 0 ]; do
        "$@" >/dev/null 2>&1 && return 0
        tries=$((tries - 1))
        sleep 0.1
    done
    return 1
}

# ---- objects of the kernel

# remember what exists now; a case before may still be ending, so the comparison is about what is new since
remember() { bpf-ids >/tmp/remembered; }
new_objects() { bpf-ids | grep -vxFf /tmp/remembered; }
nothing_new() { [ -z "$(new_objects)" ]; }

# nothing_left NAME: all objects since `remember` are gone, or go soon
nothing_left() {
    if within 10 nothing_new; then
        ok "$1"
    else
        not_ok "$1" 'still there:'
        note "$(new_objects)"
    fi
}

# ---- what the kernel has

# knows NAME: the kernel has a function, a type, a member or an enumerator of that name: it is in its BTF, or in a module's
knows() {
    [ -s /tmp/.names ] || cat /sys/kernel/btf/* | tr '\0' '\n' >/tmp/.names
    grep -aqxF -- "$1" /tmp/.names
}

# is_lack CAUSE: a program is missing for what this kernel lacks. The kernel has said the cause; where it says what it does not find, it is asked for that.
is_lack() {
    case $1 in
    'this kernel has no iterator '*) missing=${1#this kernel has no iterator } && ! knows "bpf_iter_${missing%% *}" ;;
    *"failed to find kernel BTF type ID of '"*) missing=${1#*type ID of \'} && ! knows "bpf_iter_${missing%%\'*}" ;;
    *'unknown func '*) missing=${1#*unknown func } && ! knows "${missing%%#*}" ;;
    # callbacks, atomic operations with a result, pointers as arguments: a kernel that has them does not say so of them
    *"number of funcs in func_info doesn't match number of subprogs"* | *'BPF_STX uses reserved fields'* | *'Arg#'*'is not supported yet'*) ;;
    # a program type has no words
    'load: Invalid argument') ! knows BPF_PROG_TYPE_SYSCALL ;;
    'it needs '*) is_lack "$(missing_program "${1#it needs }")" ;;
    *) false ;;
    esac
}

# checked: what `check` says of this kernel, which is the same for all cases of a boot
checked() {
    [ -s /tmp/.checked ] || bpffs-view check >/tmp/.checked 2>/dev/null
    cat /tmp/.checked
}

# missing_program NAME: the cause; nothing if it is not missing
missing_program() { checked | sed -n "s/^$1  *\(missing\|replaced\) *\(.*\); the view lacks .*/\2/p"; }

# cause_of WORDS: why the view lacks what they name, in the words of `check`; nothing if it does not lack it
cause_of() { checked | sed -n "s|^[a-z0-9_]*  *missing *\(.*\); the view lacks \(.*, \)\?$1\(, .*\)\?\$|\1|p" | head -n 1; }

# can NAME WORDS: the view has what the words name. If it has not, NAME is skipped with the kernel's cause; a cause that is no lack of the kernel's is a failure.
can() {
    cause=$(cause_of "$2")
    [ -n "$cause" ] || return 0
    if is_lack "$cause"; then skip "$1" "$cause"; else not_ok "$1" "$cause"; fi
    return 1
}

# own_pins: those that this kernel can print
own_pins() {
    for pin in progs maps links; do
        [ -n "$(cause_of "the pin $pin")" ] || echo $pin
    done
}

# in_order NAME COMMAND...: `check` finds everything, or names what this kernel lacks, and ends with the status for it
in_order() {
    name=$1
    shift
    found=$("$@" 2>&1)
    code=$?
    causes=$(printf '%s\n' "$found" | sed -n 's/^[a-z0-9_]*  *\(missing\|replaced\)  *\(.*\); the view lacks .*/\2/p' | sort -u)
    lacks=$(printf '%s\n' "$found" | grep -c '^[a-z0-9_]*  *missing .*; the view lacks [^ ]')
    same "$name" $code $([ "$lacks" = 0 ] && echo 0 || echo 7) || note "$found"
    unexplained=$(printf '%s\n' "$causes" | while read -r cause; do [ -z "$cause" ] || is_lack "$cause" || echo "$cause"; done)
    same "$name: what is missing is what the kernel lacks" "$unexplained" ''
}

# loads_each OBJECT: every program of it alone, but those that need what this kernel lacks
loads_each() {
    tried=$(bpf-try "$1" 2>&1)
    for program in $(printf '%s\n' "$tried" | sed -n 's/^\(loads\|refused\) //p'); do
        check_name="$(basename "$1") $program loads"
        if printf '%s\n' "$tried" | grep -qx "loads $program"; then
            ok "$check_name"
            continue
        fi
        words=$(printf '%s\n' "$tried" | awk -v from="refused $program" '/^(loads|refused) [^ ]*$/ { on = $0 == from; next } on')
        case $words in
        *'END PROG LOAD LOG'* | *'BTF type ID'*) cause=$words ;;
        *) cause='load: Invalid argument' ;;
        esac
        if is_lack "$cause"; then
            skip "$check_name" "$(printf '%s\n' "$cause" | grep 'BTF type ID\|func_info\|reserved fields\|unknown func\|not supported yet\|^load:' | head -n 1)"
        else
            not_ok "$check_name" 'refused'
            note "$words"
        fi
    done
}

# ---- fixtures

# fixtures OBJECT[@PROGRAM]...: loads and attaches them; they end with the case
fixtures() {
    fixture_log=/tmp/fixtures.$$
    set -- $(for object in "$@"; do
        target=${object#*@}
        [ "$target" = "$object" ] && target=''
        echo "$FIXTURES/${object%%@*}.bpf.o${target:+@$target}"
    done)
    fixture-loader "$@" >$fixture_log 2>&1 &
    fixture_pid=$!
    trap end_fixtures EXIT
    if ! within 20 grep -q '^ready$' $fixture_log; then
        not_ok 'fixtures load and attach' 'the loader is not ready'
        note "$(cat $fixture_log)"
        exit 0
    fi
}

# the seed's example
seed_fixtures() {
    fixtures test_pkt_access fexit@test_pkt_access freplace@test_pkt_access
}

end_fixtures() {
    trap - EXIT
    kill $fixture_pid
    wait $fixture_pid || :
} 2>/dev/null

# a link of each type (link-loader), and the seed's; what was made is in $link_log; they end with the case
link_fixtures() {
    link_log=/tmp/links.$$
    modprobe netkit 2>/dev/null
    modprobe veth
    mkdir -p /tmp/cgroup2
    mount -t cgroup2 cgroup2 /tmp/cgroup2
    mkdir -p /tmp/cgroup2/links
    link-loader $FIXTURES/links.bpf.o /tmp/cgroup2/links >$link_log 2>&1 &
    link_pid=$!
    trap end_link_fixtures EXIT
    if ! within 20 grep -q '^ready$' $link_log; then
        not_ok 'link-loader makes its links' 'it is not ready'
        note "$(cat $link_log)"
        exit 0
    fi
    seed_fixtures
    trap 'end_fixtures; end_link_fixtures' EXIT
}

end_link_fixtures() {
    trap - EXIT
    kill $link_pid
    wait $link_pid
    ip link delete lk0
    umount -l /tmp/cgroup2
} 2>/dev/null

# id of a fixture's program; of the link that holds it; of a map
prog_id() { awk -v name="$1" '$2 == name { print $1 }' $fixture_log; }
link_id() { bpf-ids | awk -v prog="$(prog_id "$1")" '$1 == "link" && $3 == prog { print $2 }'; }
map_id() { bpf-ids | awk -v name="$1" '$1 == "map" && $3 == name { print $2 }'; }

# the kernel keeps 15 characters of a name; BTF keeps all, and a table may show either
either_name() {
    short=$(printf '%.15s' "$1")
    if [ "$short" = "$1" ]; then echo "$1"; else echo "($1|$short)"; fi
}

# ---- the view

need_view() {
    if [ ! -x /bin/bpffs-view ]; then
        skip 'needs the view' 'no bpffs-view binary'
        exit 0
    fi
    checked >/dev/null
}

# mounts it, or ends the case
view() {
    need_view
    if ! output=$(timeout 100 bpffs-view "$@" $MNT 2>&1 </dev/null); then
        not_ok 'bpffs-view mounts' "exit status $?"
        note "$output"
        exit 0
    fi
    if ! mounted $MNT; then
        not_ok 'bpffs-view mounts' 'it returned, but nothing is mounted'
        note "$output"
        exit 0
    fi
}

# what the view shows of the seed's example, to root and to nobody, of all that the kernel has
complete_view() {
    id=$(prog_id new_get_skb_len)
    has 'progs.debug has programs' "$(as_nobody "cat $MNT/progs.debug")" "$id $(either_name new_get_skb_len) 1( .*)?"
    can 'progs.debug joins programs and links' 'targets of programs that bpf(2) does not tell' &&
        can 'progs.debug joins programs and links' 'fields of links in listings that bpf(2) does not tell' &&
        has 'progs.debug joins programs and links' "$(as_nobody "cat $MNT/progs.debug")" "$id $(either_name new_get_skb_len) 1 get_skb_len test_pkt_access"
    for pin in $(own_pins); do
        check "the pin $pin prints" as_nobody "cat $PINS/$pin"
    done
    has 'maps.debug has maps' "$(as_nobody "cat $MNT/maps.debug")" "$(map_id pkt_lengths) pkt_lengths [0-9]+( .*)?"
    can 'a field only the kernel has' 'fields of a program that bpf(2) does not tell' &&
        has 'a field only the kernel has' "$(as_nobody "cat $MNT/progs/$id/info")" 'refcnt: [0-9]+'
    can 'holders' pids && has 'holders' "$(cat $MNT/progs/$id/pids)" "$fixture_pid [0-9]+ prog fixture-loader"
    check 'elements' grep -q . $MNT/maps/$(map_id pkt_lengths)/entries
    check 'code' grep -q . $MNT/progs/$id/xlated
    can 'machine code' jited && check 'machine code' grep -q . $MNT/progs/$id/jited
    can 'tasks' tasks && check 'tasks' grep -q . $MNT/tasks/1/status
    can 'sockets' net/unix && check 'sockets' grep -q . $MNT/net/unix
    can 'symbols' kernel/ksyms && check 'symbols' grep -q . $MNT/kernel/ksyms
    lacks 'status has no error' "$(cat $MNT/status)" 'errors: [1-9].*'
}

# elements: one a line, without the places in which bpftool has an error
# inner_map_id, the value once more, only newer bpftools have
elements() { sed 's/,"inner_map_id":[0-9]*//g; s/},{"key"/},\n{"key"/g; s/^\[//; s/\]$//' | sed 's/,$//' | grep -v '"value":{"error"' | sort; }

# same_elements FILE FILE: bpftool and the view; both take a hash's buckets in their order, an iterator and a batch too
same_elements() {
    cmp -s $1 $2 && return
    elements <$1 >$1.elements
    elements <$2 >$2.elements
    cmp $1.elements $2.elements
}

# the entries of maps of every type, beside bpftool's
same_entries() {
    map-filler >/tmp/maps 2>&1 &
    filler=$!
    if within 30 grep -q '^ready$' /tmp/maps; then
        view
        while read -r id name count; do
            case $id in
            ready) continue ;;
            lacks) skip "$name" "the kernel has no such type"; continue ;;
            esac
            same "$name: as many lines as elements" "$(wc -l <$MNT/maps/$id/entries)" "$count"
            bpftool -j map dump id $id >/tmp/bpftool
            cat $MNT/maps/$id/entries.json >/tmp/view
            check "$name: what bpftool reads" same_elements /tmp/bpftool /tmp/view
        done </tmp/maps
        end_view
    else
        not_ok 'map-filler fills its maps' 'it is not ready'
        note "$(cat /tmp/maps)"
    fi
    kill $filler
    wait $filler 2>/dev/null || :
}

# Debian's busybox has no mountpoint
mounted() { grep -q "^[^ ]* $1 " /proc/mounts; }

# the server's; the keeper is the same program
server_pid() { sed -n 's/^server:\t//p' $MNT/status 2>/dev/null; }

server_ended() { ! pidof bpffs-view; }

end_view() {
    umount $MNT && within 10 server_ended
}

# as_nobody COMMAND: a shell line without any privilege
as_nobody() { su -s /bin/sh nobody -c "$1"; }
