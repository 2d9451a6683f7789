# bash completion of bpffs-view(8)

# BEGIN bash
_bpffs_view_commands='check pin reload top unpin'
_bpffs_view_parts='progs maps links attachments graph metrics btf tasks kernel iter net pids'
_bpffs_view_mount_options='gid= hidepids pin_dir= keep_pins nopin iterators= subset= stats metrics_limit= workers= io_uring= keeper= seccomp= log_level= fsname= noexec noatime'

# what a command takes
_bpffs_view_options() {
    case $1 in
    '') echo '--help -h --version -V -o --foreground -f -s --verbose -v --gid --hide-pids --pin-dir --keep-pins --no-pins --iterators --subset --stats --metrics-limit --workers --io-uring --keeper --seccomp --log-level' ;;
    check) echo '--help -h --log-level' ;;
    pin) echo '--help -h --log-level' ;;
    reload) echo '--help -h --log-level' ;;
    top) echo '--once --json --maps --sort --filter --interval -d --help -h --log-level' ;;
    unpin) echo '--help -h --log-level' ;;
    esac
}

# the kind of an option's value, or the values themselves
_bpffs_view_kind() {
    case $1 in
    --gid) echo 'GROUP' ;;
    --pin-dir) echo 'DIR' ;;
    --iterators) echo 'DIR' ;;
    --subset) echo 'PARTS' ;;
    --metrics-limit) echo 'N' ;;
    --workers) echo 'N' ;;
    --io-uring) echo 'auto on off' ;;
    --keeper) echo 'auto on off' ;;
    --seccomp) echo 'auto on off' ;;
    --log-level) echo 'trace debug info warning error none' ;;
    --sort) echo 'id name type cpu runs ns misses total memory history entries max fill' ;;
    --filter) echo 'TEXT' ;;
    --interval | -d) echo 'SECONDS' ;;
    '-o gid') echo 'GROUP' ;;
    '-o pin_dir') echo 'DIR' ;;
    '-o iterators') echo 'DIR' ;;
    '-o subset') echo 'PARTS' ;;
    '-o metrics_limit') echo 'N' ;;
    '-o workers') echo 'N' ;;
    '-o io_uring') echo 'auto on off' ;;
    '-o keeper') echo 'auto on off' ;;
    '-o seccomp') echo 'auto on off' ;;
    '-o log_level') echo 'trace debug info warning error none' ;;
    '-o fsname') echo 'NAME' ;;
    esac
}
# END bash

# whole words for COMPREPLY; readline replaces only what follows the last = if that breaks words
_bpffs_view_reply() {
    COMPREPLY=("$@")
    if [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${cur%=*}="}")
    fi
}

# _bpffs_view_value KIND TEXT [BEFORE]: the values of that kind that begin with TEXT, with BEFORE before each
_bpffs_view_value() {
    local text=$2 before=${3-}
    case $1 in
    DIR) compgen -P "$before" -d -- "$text" ;;
    FILE) compgen -P "$before" -f -- "$text" ;;
    GROUP) compgen -P "$before" -g -- "$text" ;;
    PARTS)
        local last=${text##*[,:]}
        compgen -P "$before${text:0:${#text}-${#last}}" -W "$_bpffs_view_parts" -- "$last"
        ;;
    *' '*) compgen -P "$before" -W "$1" -- "$text" ;;
    esac
}

_bpffs_view_mount_option() {
    local before='' item=$cur name
    [[ $cur != *,* ]] || { before=${cur%,*},; item=${cur##*,}; }
    compopt -o nospace
    if [[ $item == *=* ]]; then
        name=${item%%=*}
        mapfile -t words < <(_bpffs_view_value "$(_bpffs_view_kind "-o $name")" "${item#*=}" "$before$name=")
    else
        mapfile -t words < <(compgen -P "$before" -W "$_bpffs_view_mount_options" -- "$item")
    fi
    _bpffs_view_reply "${words[@]}"
}

_bpffs_view() {
    local cur prev words cword split kind command='' word
    _init_completion -s || return
    for word in "${words[@]:1:cword-1}"; do
        [[ " $_bpffs_view_commands " != *" $word "* ]] || { command=$word; break; }
    done
    if [[ $prev == -o ]]; then
        _bpffs_view_mount_option
        return
    fi
    kind=$(_bpffs_view_kind "$prev")
    if [[ -n $kind ]]; then
        [[ $kind != DIR && $kind != FILE ]] || compopt -o filenames
        mapfile -t COMPREPLY < <(_bpffs_view_value "$kind" "$cur")
    elif [[ $cur == -* && $split == false ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_bpffs_view_options "$command")" -- "$cur")
    else
        compopt -o filenames
        mapfile -t COMPREPLY < <([[ -n $command || $cword != 1 ]] || compgen -W "$_bpffs_view_commands" -- "$cur"; compgen -d -- "$cur")
    fi
} && complete -F _bpffs_view bpffs-view
