# fish completion of bpffs-view(8)

# BEGIN fish
function __bpffs_view_mount_options
    __fish_append , \
        gid=(__fish_complete_groups) \
        pin_dir= \
        keep_pins \
        nopin \
        iterators= \
        subset=progs \
        subset=maps \
        subset=links \
        subset=attachments \
        subset=graph \
        subset=btf \
        subset=tasks \
        subset=kernel \
        subset=iter \
        subset=net \
        subset=pids \
        stats \
        workers= \
        io_uring=auto \
        io_uring=on \
        io_uring=off \
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

complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -a check -d 'show what this kernel and these privileges allow'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -a pin -d 'pin iterators that print progs, maps and links without this program, and exit'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -a unpin -d 'remove what pin made'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l help -s h -d 'show this text'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l version -s V -d 'show the version'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -s o -x -a '(__bpffs_view_mount_options)' -d 'mount options, separated by commas; see below'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l foreground -s f -d 'stay in the foreground'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -s s -d 'ignore unknown mount options, as mount -s'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l verbose -s v -d 'the same as --log-level debug'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l gid -x -a '(__fish_complete_groups)' -d 'group (name or number) that may read what names processes; default: 0'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l pin-dir -x -a '(__fish_complete_directories)' -d 'where on a bpffs to pin; default: /sys/fs/bpf/bpffs-view'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l keep-pins -d 'leave the pins when the view ends'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l no-pins -d 'pin nothing'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l iterators -x -a '(__fish_complete_directories)' -d 'where compiled iterators are that become files in iter/; default: /etc/bpffs-view/iterators.d'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l subset -x -a '(__fish_append , progs maps links attachments graph btf tasks kernel iter net pids)' -d 'only these parts: names in the root, separated by commas'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l stats -d 'have the kernel count runs and run time as long as the view is mounted'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l workers -x -d 'threads that serve requests of /dev/fuse; default: two a processor, 4 to 16'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l io-uring -x -a 'auto on off' -d 'requests over io_uring: on (or fail), off, auto: if the kernel offers it; default: auto'
complete -c bpffs-view -n 'not __fish_seen_subcommand_from check pin unpin' -l log-level -x -a 'trace debug info warning error none' -d 'trace, debug, info, warning, error, none; default: info with -f, else warning'
complete -c bpffs-view -n '__fish_seen_subcommand_from check' -l help -s h -d 'show this text'
complete -c bpffs-view -n '__fish_seen_subcommand_from check' -l log-level -x -a 'trace debug info warning error none' -d 'trace, debug, info, warning, error, none; default: info with -f, else warning'
complete -c bpffs-view -n '__fish_seen_subcommand_from pin' -l help -s h -d 'show this text'
complete -c bpffs-view -n '__fish_seen_subcommand_from pin' -l log-level -x -a 'trace debug info warning error none' -d 'trace, debug, info, warning, error, none; default: info with -f, else warning'
complete -c bpffs-view -n '__fish_seen_subcommand_from unpin' -l help -s h -d 'show this text'
complete -c bpffs-view -n '__fish_seen_subcommand_from unpin' -l log-level -x -a 'trace debug info warning error none' -d 'trace, debug, info, warning, error, none; default: info with -f, else warning'
# END fish

complete -c bpffs-view -f -a '(__fish_complete_directories)'
