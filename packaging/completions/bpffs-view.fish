# fish completion of bpffs-view(8)

# BEGIN fish
function __bpffs_view_mount_options
    __fish_append , \
        gid=(__fish_complete_groups) \
        hidepids \
        pin_dir= \
        keep_pins \
        nopin \
        iterators= \
        subset=progs \
        subset=maps \
        subset=links \
        subset=attachments \
        subset=graph \
        subset=metrics \
        subset=btf \
        subset=tasks \
        subset=kernel \
        subset=iter \
        subset=net \
        subset=pids \
        stats \
        metrics_limit= \
        workers= \
        io_uring=auto \
        io_uring=on \
        io_uring=off \
        keeper=auto \
        keeper=on \
        keeper=off \
        seccomp=auto \
        seccomp=on \
        seccomp=off \
        log_level=trace \
        log_level=debug \
        log_level=info \
        log_level=warning \
        log_level=error \
        log_level=none \
        fsname= \
        noexec \
        noatime
end

complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -a check -d 'show what this kernel and these privileges allow'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -a pin -d 'pin iterators that print progs, maps and links without this program, and exit'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -a reload -d 'replace a view'\''s server by this program, readers unharmed'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -a top -d 'show live which programs run how long, and how full maps are'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -a unpin -d 'remove what pin made'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l help -s h -d 'show this text'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l version -s V -d 'show the version'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -s o -x -a '(__bpffs_view_mount_options)' -d 'mount options, separated by commas; see below'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l foreground -s f -d 'stay in the foreground'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -s s -d 'ignore unknown mount options, as mount -s'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l verbose -s v -d 'the same as --log-level debug'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l gid -x -a '(__fish_complete_groups)' -d 'group (name or number) that may read what names processes; default: 0'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l hide-pids -d 'what names processes is for root alone, and not there for others'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l pin-dir -x -a '(__fish_complete_directories)' -d 'where on a bpffs to pin; default: /sys/fs/bpf/bpffs-view'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l keep-pins -d 'leave the pins when the view ends'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l no-pins -d 'pin nothing'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l iterators -x -a '(__fish_complete_directories)' -d 'where compiled iterators are that become files in iter/; default: /etc/bpffs-view/iterators.d'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l subset -x -a '(__fish_append , progs maps links attachments graph metrics btf tasks kernel iter net pids)' -d 'only these parts: names in the root, separated by commas'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l stats -d 'have the kernel count runs and run time as long as the view is mounted'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l metrics-limit -x -d 'objects of each kind in metrics/bpf.prom; default: 1000'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l workers -x -d 'threads that serve requests of /dev/fuse, of which a user has one fewer at a time; default: one more than processors, at most 17'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l io-uring -x -a 'auto on off' -d 'requests over io_uring: on (or fail), off, auto: if the kernel offers it; default: auto'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l keeper -x -a 'auto on off' -d 'a second process that starts the server anew if it is killed, readers unharmed: on, off, auto: in the background; default: auto'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l seccomp -x -a 'auto on off' -d 'refuse the server every system call that it does not need: on (or fail), off, auto: if the kernel can; default: auto'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin reload top unpin' -l log-level -x -a 'trace debug info warning error none' -d 'trace, debug, info, warning, error, none; default: info with -f, else warning'
complete -c bpffs-view -n '__fish_seen_subcommand_from check' -l help -s h -d 'show this text'
complete -c bpffs-view -n '__fish_seen_subcommand_from check' -l log-level -x -a 'trace debug info warning error none' -d 'trace, debug, info, warning, error, none; default: info with -f, else warning'
complete -c bpffs-view -n '__fish_seen_subcommand_from pin' -l help -s h -d 'show this text'
complete -c bpffs-view -n '__fish_seen_subcommand_from pin' -l log-level -x -a 'trace debug info warning error none' -d 'trace, debug, info, warning, error, none; default: info with -f, else warning'
complete -c bpffs-view -n '__fish_seen_subcommand_from reload' -l help -s h -d 'show this text'
complete -c bpffs-view -n '__fish_seen_subcommand_from reload' -l log-level -x -a 'trace debug info warning error none' -d 'trace, debug, info, warning, error, none; default: info with -f, else warning'
complete -c bpffs-view -n '__fish_seen_subcommand_from top' -l once -d 'print one reading and end'
complete -c bpffs-view -n '__fish_seen_subcommand_from top' -l json -d 'with --once: as JSON, for scripts'
complete -c bpffs-view -n '__fish_seen_subcommand_from top' -l maps -d 'begin with maps'
complete -c bpffs-view -n '__fish_seen_subcommand_from top' -l sort -x -a 'id name type cpu runs ns misses total memory history entries max fill' -d 'one of id, name, type, cpu, runs, ns, misses, total, memory, history; with --maps id, name, type, entries, max, fill, memory'
complete -c bpffs-view -n '__fish_seen_subcommand_from top' -l filter -x -d 'only what has it in its id, name or type'
complete -c bpffs-view -n '__fish_seen_subcommand_from top' -l interval -s d -x -d 'between two readings, 0.1 to 3600; default: 2'
complete -c bpffs-view -n '__fish_seen_subcommand_from top' -l help -s h -d 'show this text'
complete -c bpffs-view -n '__fish_seen_subcommand_from top' -l log-level -x -a 'trace debug info warning error none' -d 'trace, debug, info, warning, error, none; default: info with -f, else warning'
complete -c bpffs-view -n '__fish_seen_subcommand_from unpin' -l help -s h -d 'show this text'
complete -c bpffs-view -n '__fish_seen_subcommand_from unpin' -l log-level -x -a 'trace debug info warning error none' -d 'trace, debug, info, warning, error, none; default: info with -f, else warning'
# END fish

complete -c bpffs-view -f -a '(__fish_complete_directories)'
