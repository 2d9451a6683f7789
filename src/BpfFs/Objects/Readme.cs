using System.Reflection;
using System.Text;
using BpfFs.Rendering;
using BpfFs.View;

namespace BpfFs.Objects;

/// <summary><c>README</c>: what this is, for whoever finds it mounted.</summary>
internal static class Readme
{
    /// <summary>Of the program.</summary>
    public static string Version { get; } = typeof(Readme).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static readonly byte[] s_text = Encoding.UTF8.GetBytes(
        $"""
        bpffs-view {Version}: the kernel's BPF programs, maps, links and BTF as files.

        progs.debug maps.debug links.debug   one line per object
        progs.json ... btf.json              everything, for scripts
        progs.stats.json maps.stats.json     the same, with runs and ring buffer positions (root, and -o gid=)
        attachments                          everything that is attached to anything
        graph.dot graph.holders.dot          all of it as a picture: dot -Tsvg (holders: root, and -o gid=)
        metrics/bpf.prom                     all figures, for Prometheus (root, and -o gid=)
        progs/ID/ maps/ID/ links/ID/ btf/ID/ one object: info, json, a file per field
          progs/ID/attached                  what the program is attached to
          progs/ID/maps/                     the maps it uses
          progs/ID/tail_calls extended_by    other programs that have to do with it
          progs/ID/kfuncs memory             kernel functions it calls, what it has in memory
          progs/ID/xlated jited source       its code (root)
          maps/ID/progs                      the programs that use the map
          maps/ID/entries                    what is in the map (root)
          */ID/pids */ID/pinned              which processes hold it, where it is pinned (root, and -o gid=)
        pids/PID                             what a process holds (root, and -o gid=)
        tasks/PID/status files vmas          a process (for who may read it in /proc)
        kernel/                              cgroups, ksyms, kmem_cache, dmabuf
        iter/                                iterators from outside
        progs/by-name/NAME/ by-type/ by-tag/ the same objects by what they are called
        maps/by-name/NAME/ by-type/
        net/tcp udp unix quic ...            sockets and routes of your network namespace, also as .json
        status                               what works here, and what went wrong

        Every file is read from the kernel when it is opened, and again when it is rewound.
        Nothing here can be written. bpffs-view --help tells the rest.

        """);

    public static int Render(ViewContext context, ulong key, TextBuffer to)
    {
        to.Append(s_text);
        return 0;
    }
}
