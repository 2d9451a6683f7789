using System.IO.Enumeration;

namespace Relocations.Tests;

/// <summary>
/// Fields without which a program has nothing to say. They are read without asking: a kernel that lacks one refuses the program, and its source is then absent as a whole, with
/// what the kernel says as the reason. Names are patterns, with blanks between them.
/// </summary>
internal sealed record Needed(string Programs, string Fields, string Reason)
{
    public static IReadOnlyList<Needed> All { get; } =
    [
        new("*", "bpf_iter__* bpf_iter_meta.*", "what the kernel hands to an iterator, and writes its output by"),
        new("one_* code_* link_func btf_func reader_netns walk_pins", "task_struct.files files_struct.fdt fdtable.* file.private_data", "the way from a descriptor to what is behind it"),
        new("prog_* one_prog one_prog_maps dump_bpf_prog", "bpf_prog.aux bpf_prog_aux.id bpf_prog.type", "a program is known by its id, and its type says what it is"),
        new("prog_map_records one_prog_maps", "bpf_prog_aux.used_maps bpf_prog_aux.used_map_cnt bpf_map.id", "which maps a program uses"),
        new("map_records one_map dump_bpf_map", "bpf_map.id bpf_map.map_type", "a map is known by its id, and its type says what it is"),
        new("link_records one_link link_func dump_bpf_link", "bpf_link.id bpf_link.type", "a link is known by its id, and its type says what it is part of"),
        new("dump_bpf_link", "bpf_link_type", "an enum of <linux/bpf.h>"),
        new("map_elements sockmap_records sk_storage_records", "bpf_map.key_size bpf_map.value_size bpf_map.map_type", "an element is as long as they say"),
        new("code_*", "bpf_prog.aux bpf_prog.tag bpf_prog_aux.func bpf_prog_aux.func_cnt", "a program's functions, which are named after its tag"),
        new("holder_records perf_fd_records sock_owner_records task_file_records reader_netns one_task", "file.f_inode inode.i_sb super_block.s_magic file.private_data task_struct.tgid task_struct.pid", "which file it is, and whose"),
        new("holder_records perf_fd_records task_file_records", "file.f_path* dentry.d_name.name", "what a file is, its name tells (held.h)"),
        new("sock_owner_records", "socket.sk socket_alloc.socket socket_alloc.vfs_inode.i_ino sock.__sk_common.skc_net.net net.ns.inum", "by which number and in which namespace a socket is known"),
        new("task_records task_file_records task_vma_records one_task", "task_struct.pid task_struct.tgid task_struct.thread_pid task_struct.group_leader pid.level pid.numbers upid upid.*", "by which id whoever reads knows the process"),
        new("task_vma_records", "vm_area_struct.vm_start vm_area_struct.vm_end vm_area_struct.vm_flags vm_area_struct.vm_pgoff vm_area_struct.vm_file file.f_inode file.f_path inode.i_ino inode.i_sb super_block.s_dev", "a line of /proc/PID/maps has all of them"),
        new("tcp_records tcp6_records udp_records udp6_records quic_records", "sock_common.skc_family sock_common.skc_state", "of which kind the socket is"),
        new("unix_records netlink_records", "unix_sock.sk netlink_sock.sk unix_sock.sk.__sk_common.skc_hash", "the socket itself, and how far the walk is"),
        new("walk_pins", "super_block.* file_system_type.* mount.* mnt_namespace.* dentry.* inode.* file.f_inode bpf_prog.aux bpf_prog_aux.id bpf_map.id bpf_link.id", "a path and what is at its end"),
        new("reader_netns one_task", "task_struct.pid_links proc_inode.* pid.tasks*", "the way from a thread's directory in /proc to the thread"),
        new("walk_nets reader_netns", "task_struct.nsproxy nsproxy.net_ns net.list* net.dev_base_head* net.loopback_dev net.ns.inum", "the way through all network namespaces"),
        new("walk_nets", "net_device net_device.dev_list* net_device.nd_net.net net_device.ifindex bpf_prog.aux bpf_prog_aux.id", "through all devices, to the programs on them"),
        new("perf_fd_records perf_link_records", "perf_event.id perf_event.attr.* bpf_link.id bpf_link.type bpf_link.prog file.private_data bpf_prog.aux bpf_prog_aux.id", "which event, and which program it runs"),
        new("struct_ops_records", "bpf_map.id bpf_map.map_type bpf_map.map_flags bpf_struct_ops_map.kvalue.state bpf_struct_ops.type btf_type.info bpf_link.prog bpf_prog.aux bpf_prog_aux.id", "whether a map is in use, and which programs are in it"),
        new("cgroup_records cgroup_row_records", "cgroup.kn cgroup.level kernfs_node.* cgroup.bpf.progs", "which cgroup it is, and its place in the tree"),
        new("print_ksyms find_call_base", "kallsym_iter.*", "a line of /proc/kallsyms"),
        new("kmem_cache_records", "kmem_cache.name", "a cache is known by its name"),
    ];

    /// <summary>Every pattern of a field, with whose it is.</summary>
    public static IEnumerable<(Needed Entry, string Pattern)> Patterns => All.SelectMany(n => n.Fields.Split(' ').Select(p => (n, p)));

    /// <summary>By which a program may read a field without asking; none: it may not.</summary>
    public static IEnumerable<(Needed Entry, string Pattern)> Of(string program, string field) =>
        Patterns.Where(p => p.Entry.Programs.Split(' ').Any(name => Fits(name, program)) && Fits(p.Pattern, field));

    private static bool Fits(string pattern, string name) => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);
}
